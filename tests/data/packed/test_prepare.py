import json

import numpy as np
import pytest
from PIL import Image

from tests.made.numbered_videos import numbers, write_video
from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import Settings
from tgan.data.packed.pack import pack
from tgan.data.packed.prepare import prepare
from tgan.data.videos.sources import find_sources


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    root = tmp_path_factory.mktemp("videos")
    for name, count in {"a/one.mp4": 40, "b/two.mkv": 30, "b/three.mp4": 10}.items():
        write_video(root / name, count)
    (root / "notes.txt").touch()
    return root


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_call_finds_packs_and_counts(videos, tmp_path):
    found = prepare(str(videos), tmp_path / "out", resolution=16, labels="folders", workers=1)
    assert found.is_new and found.path == tmp_path / "out"
    assert str(found.index.account) == "4 files: 2 taken, 1 too short, 1 ignored (1 .txt)"
    assert str(found) == (
        "2 videos kept (70 frames of 16x16x3, 0.1 MB), 2 classes, 0 skipped, 1 too short"
    )
    assert repr(found) == f"<packed folder '{tmp_path / 'out'}': {found}>"
    clips = PackedClips(tmp_path / "out", num_frames=16)
    assert numbers(clips.clip(0, 3)) == list(range(3, 19))
    # The same bytes as of its two parts.
    pack(find_sources([videos], labels="folders"), tmp_path / "two", Settings(resolution=16))
    assert contents(tmp_path / "out") == contents(tmp_path / "two")


def test_a_complete_folder_is_left_as_it_is(videos, tmp_path):
    first = prepare([videos], tmp_path / "out", resolution=16)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    again = prepare([videos], tmp_path / "out", resolution=16)
    assert not again.is_new and again.index == first.index
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}


def test_every_argument_reaches_the_folder(videos, tmp_path):
    table = tmp_path / "classes.csv"
    table.write_text("one.mp4,x\nthree.mp4,y\n")
    sizes = {"resolution": 8, "channels": 1, "stride": 3, "min_frames": 4, "aspect": "stretch"}
    found = prepare(
        [videos],
        tmp_path / "out",
        **sizes,
        loop=15,
        fps=25,
        labels="csv",
        labels_file=str(table),
        only=["a/*", "b/th*"],
        exclude=["*.mkv"],
    )
    assert json.loads((tmp_path / "out" / "index.json").read_text())["settings"] == {
        **sizes,
        "loop": 15,
        "fps": 25,
    }
    assert [(v.frames, found.index.labels[v.label]) for v in found.index.videos] == [
        (15, "x"),
        (15, "y"),
    ]
    array = tmp_path / "a.npz"
    np.savez(array, video=np.zeros((5, 6, 8, 8), np.uint8), kind=np.arange(5))
    rows = prepare(
        array, tmp_path / "rows", rows=[1, 3], min_frames=1, labels="npz", labels_key="kind"
    )
    assert rows.index.labels == ["1", "3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"labels": "folder"},
            "unknown labels 'folder' .did you mean 'folders'.*csv, folders, npz",
        ),
        ({"labels": "csv"}, "labels 'csv' and labels_file go together"),
        ({"labels_file": "x.csv"}, "labels 'csv' and labels_file go together"),
        ({"labels_key": "kind"}, "labels 'npz' and labels_key go together"),
        ({"workers": 0}, "workers must be from 1 to 1,024, not 0"),
        ({"aspect": "pad"}, "unknown aspect 'pad'; choose from crop, stretch"),
        ({"only": ["c/*"]}, "only 'c/[*]' fits none of the 4 files"),
        ({"rows": [0]}, "rows are for .npy and .npz files alone"),
    ],
)
def test_mistakes_are_named_in_the_words_of_python(videos, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        prepare(videos, tmp_path / "out", **arguments)
    assert "--" not in str(error.value) and not (tmp_path / "out").exists()


def test_a_folder_inside_the_source_is_refused(videos):
    for out in (videos, videos / "packed"):
        with pytest.raises(ValueError, match="lies inside the source"):
            prepare(videos, out)


def test_strips_of_16_bits_are_packed_by_their_range_or_by_bounds(tmp_path):
    values = np.arange(16, dtype=np.uint16).repeat(16)[None].repeat(16, 0) * 300
    (tmp_path / "in").mkdir()
    Image.fromarray(values).save(tmp_path / "in" / "a.png")
    for name, bounds, divisor in (("range", None, 65535), ("bounds", (0, 5100), 5100)):
        settings = {"resolution": 16, "workers": 1, "pixel_bounds": bounds}
        prepare(tmp_path / "in", tmp_path / name, **settings)
        clip = PackedClips(tmp_path / name, num_frames=16).clip(0, 0)
        expected = np.rint(np.arange(16) * 300 * 255 / divisor)
        assert np.array_equal(clip[:, 8, 8, 0], expected)
        assert not prepare(tmp_path / "in", tmp_path / name, **settings).is_new
        with pytest.raises(ValueError, match="was prepared before, but not from this"):
            prepare(tmp_path / "in", tmp_path / name, **settings | {"pixel_bounds": (0, 100)})
