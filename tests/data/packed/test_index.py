"""The index of a packed folder: whatever is wrong with it is noticed when it is opened."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tgan.data.packed.index import _checksum, read_index, write_json


@pytest.fixture
def folder(few_packed, tmp_path):
    return Path(shutil.copytree(few_packed, tmp_path / "copy"))


def rewrite(folder, change, *, version):
    """Change an index as a hand would, without its checksum in format 1, where there was none."""
    content = json.loads((folder / "index.json").read_text())
    content["format"] = version
    if version == 1:
        content.pop("sha256")
        content.pop("checksums")
    if version < 3:
        content["settings"].pop("fps")
        for video in content["videos"]:
            video.pop("remarks")
    if version == 2:
        content.pop("sha256")
        content["sha256"] = _checksum({k: v for k, v in content.items() if k != "format"})
    change(content)
    write_json(folder / "index.json", content, aside=folder)


@pytest.mark.parametrize("version", [1, 2])
def test_folders_of_earlier_versions_are_read(folder, version):
    before = read_index(folder)
    assert len(before.checksums) == 1
    rewrite(folder, lambda content: None, version=version)
    after = read_index(folder)
    assert len(after.checksums) == version - 1 and after.videos == before.videos
    assert (after.settings, after.labels, after.shards) == (
        before.settings,
        before.labels,
        before.shards,
    )


WRONG = {
    "has a field 'extra'": lambda c: c.update(extra=1),
    "the index lacks the field 'labels'": lambda c: c.pop("labels"),
    "the settings lacks the field 'stride'": lambda c: c["settings"].pop("stride"),
    "num_sources of the index is '5', not a whole number": lambda c: c.update(num_sources="5"),
    "num_sources is 9, with 5 videos": lambda c: c.update(num_sources=9),
    "labels of the index is .*, not a list of texts": lambda c: c.update(labels=["a", 1]),
    "a class is listed twice": lambda c: c.update(labels=["a", "a", "b"]),
    "shards of the index is": lambda c: c.update(shards=[154.0]),
    "settings of the index is": lambda c: c.update(settings=[]),
    "resolution of the settings is 'true', not a": lambda c: c["settings"].update(
        resolution="true"
    ),
    "resolution must be from 1 to 4,096": lambda c: c["settings"].update(resolution=10**6),
    "frames of video 0 is 60.0, not": lambda c: c["videos"][0].update(frames=60.0),
    "frames of video 0 is True, not": lambda c: c["videos"][0].update(frames=True),
    "offset of video 1 is -1, not": lambda c: c["videos"][1].update(offset=-1),
    "shard of video 1 is None, not": lambda c: c["videos"][1].update(shard=None),
    "fps of video 1 is nan, not": lambda c: c["videos"][1].update(fps=float("nan")),
    "fps of video 1 is -8, not": lambda c: c["videos"][1].update(fps=-8),
    "source of video 1 is 7, not": lambda c: c["videos"][1].update(source=7),
    "width of video 1 is 0, not": lambda c: c["videos"][1].update(width=0),
    "fps of the settings is -1, not": lambda c: c["settings"].update(fps=-1),
    "remarks of video 1 is 'hdr', not": lambda c: c["videos"][1].update(remarks="hdr"),
    "label of video 1 is '0', not": lambda c: c["videos"][1].update(label="0"),
    "the label of .*two.avi has no name": lambda c: c["videos"][1].update(label=7),
    "the frames of .*two.avi lie elsewhere": lambda c: c["videos"][1].update(offset=61),
    "the frames of .*three.webm lie elsewhere": lambda c: c["videos"][1].update(frames=32),
    "the frames of .*four.mkv lie outside": lambda c: c["videos"][4].update(frames=17),
    "videos do not fill the shards": lambda c: c["videos"].pop(),
    "skipped of the index is": lambda c: c.update(skipped=[["a"]]),
    "has too few frames, 16": lambda c: c["settings"].update(min_frames=17),
}


@pytest.mark.parametrize("message", WRONG)
def test_every_field_is_checked(folder, message):
    change = WRONG[message]
    rewrite(folder, change, version=1)
    with pytest.raises(ValueError, match=rf"index.json is damaged \(.*{message.replace('(', '')}"):
        read_index(folder)


@pytest.mark.parametrize("key", ["sha256", "fingerprint"])
def test_a_changed_index_of_today_is_noticed_by_its_checksum(folder, key):
    rewrite(folder, lambda content: content.update({key: "0" * 64}), version=2)
    with pytest.raises(ValueError, match="its checksum is another"):
        read_index(folder)


def test_nesting_without_end_is_no_index(folder):
    (folder / "index.json").write_text('{"format": 2, "labels": ' + "[" * 100_000)
    with pytest.raises(ValueError, match="is not an index of packed videos"):
        read_index(folder)


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_flipped_bit_changes_what_is_trained_on(folder, count):
    path = folder / "index.json"
    whole, before = path.read_bytes(), read_index(folder)
    rng = np.random.default_rng(0)
    accepted = 0
    for place in rng.integers(0, 8 * len(whole), count).tolist():
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        try:
            assert read_index(folder) == before
            accepted += 1
        except ValueError as error:
            assert str(error).startswith(str(path))
    # White space, which says nothing.
    assert accepted < count / 100
