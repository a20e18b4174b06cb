import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import Settings
from tgan.data.packed.pack import pack
from tgan.data.videos.sources import find_sources


def test_channels_are_converted_on_reading(few_packed, few_videos, tmp_path):
    colour = PackedClips(few_packed, num_frames=16).clip(0, 3)
    grey = PackedClips(few_packed, num_frames=16, channels=1).clip(0, 3)
    assert grey.shape == (16, 16, 16, 1)
    np.testing.assert_allclose(grey[..., 0], colour @ [0.299, 0.587, 0.114], atol=0.51)
    pack(find_sources([few_videos]), tmp_path / "grey", Settings(resolution=16, channels=1))
    assert PackedClips(tmp_path / "grey", num_frames=16).shape == (16, 16, 16, 1)
    np.testing.assert_array_equal(
        PackedClips(tmp_path / "grey", num_frames=16, channels=3).clip(0, 3),
        np.repeat(grey, 3, axis=-1),
    )


def test_packed_clips_are_not_to_be_written_to(few_packed):
    assert not PackedClips(few_packed, num_frames=16).clip(1, 2).flags.writeable


def edit_index(folder, change):
    """Change an index of format 1, which has no checksum."""
    content = json.loads((folder / "index.json").read_text()) | {"format": 1}
    content.pop("sha256", None)
    change(content)
    (folder / "index.json").write_text(json.dumps(content))


def cut_shard(folder):
    shard = folder / "shard-00000.npy"
    shard.write_bytes(shard.read_bytes()[:-5])


DAMAGE = {
    "format 7; this version of tgan reads": lambda d: edit_index(d, lambda c: c.update(format=7)),
    "is not an index of packed": lambda d: (d / "index.json").write_text("[1, 2]"),
    "index.json is not an index": lambda d: (d / "index.json").write_text('{"format": 1'),
    "lie elsewhere": lambda d: edit_index(d, lambda c: c["videos"][4].update(offset=139)),
    "the label of .* has no name": lambda d: edit_index(d, lambda c: c.update(labels=[])),
    "is damaged .*resolution": lambda d: edit_index(
        d, lambda c: c["settings"].update(resolution=0)
    ),
    "shard-00000.npy is missing": lambda d: (d / "shard-00000.npy").unlink(),
    "shard-00000.npy is damaged": cut_shard,
    "shard-00000.npy should hold uint8 .*, but holds float64": lambda d: np.save(
        d / "shard-00000.npy", np.zeros((154, 16, 16, 3))
    ),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_damaged_folders_are_refused(few_packed, tmp_path, message):
    folder = Path(shutil.copytree(few_packed, tmp_path / "copy"))
    DAMAGE[message](folder)
    with pytest.raises(ValueError, match=message):
        PackedClips(folder, num_frames=16)
