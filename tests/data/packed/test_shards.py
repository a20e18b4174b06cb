"""Shards of a packed folder: read by position, and never with a signal for an answer."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import Settings
from tgan.data.packed.pack import pack
from tgan.data.packed.shards import Shards, shard_name
from tgan.data.packed.verify import verify
from tgan.data.replaced import ReplacedBatches
from tgan.data.videos.sources import find_sources


@pytest.fixture
def frames(tmp_path):
    """Three shards of 30, 20 and 40 frames."""
    rng = np.random.default_rng(0)
    made = [rng.integers(0, 256, (length, 4, 4, 3), np.uint8) for length in (30, 20, 40)]
    for number, content in enumerate(made):
        np.save(tmp_path / shard_name(number), content)
    return made


@pytest.mark.parametrize("stride", [1, 3])
def test_frames_are_those_of_the_file(frames, tmp_path, monkeypatch, stride):
    # One file is open at a time.
    monkeypatch.setattr("tgan.data.packed.shards._MOST_OPEN", 1)
    shards = Shards(tmp_path, [30, 20, 40], (4, 4, 3))
    for reader in (shards, pickle.loads(pickle.dumps(shards))):  # noqa: S301
        for number in (0, 1, 2, 0):
            found = reader.read(number, 5, 14, stride)
            np.testing.assert_array_equal(found, frames[number][5:19:stride])
            assert not found.flags.writeable


def test_without_reading_at_positions_a_system_reads_the_same(frames, tmp_path, monkeypatch):
    monkeypatch.delattr("os.preadv")
    found = Shards(tmp_path, [30, 20, 40], (4, 4, 3)).read(2, 7, 9, 4)
    np.testing.assert_array_equal(found, frames[2][7:16:4])


def test_a_shard_cut_short_while_it_is_read_is_named(few_packed, tmp_path):
    folder = Path(shutil.copytree(few_packed, tmp_path / "copy"))
    clips = PackedClips(folder, num_frames=16)
    clips.clip(0, 0)
    shard = folder / "shard-00000.npy"
    with shard.open("r+b") as file:
        file.truncate(70 * 16 * 16 * 3)
    assert clips.clip(0, 0).shape == (16, 16, 16, 3)
    with pytest.raises(OSError, match="shard-00000.npy has been cut short since it was opened"):
        clips.clip(4, 0)
    _, _, bad = ReplacedBatches(clips, batch_size=10, seed=0)[0]
    assert "shard-00000.npy has been cut short" in bad[0][1]
    shard.unlink()
    fresh = pickle.loads(pickle.dumps(clips))  # noqa: S301
    with pytest.raises(OSError, match="shard-00000.npy cannot be read: No such file"):
        fresh.clip(0, 0)


def test_a_shard_of_another_length_is_not_opened(few_packed, tmp_path):
    folder = Path(shutil.copytree(few_packed, tmp_path / "copy"))
    with (folder / "shard-00000.npy").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="shard-00000.npy is damaged .118,[0-9]+ bytes, not"):
        PackedClips(folder, num_frames=16)


def test_verifying_finds_any_changed_byte(few_packed, tmp_path):
    folder = Path(shutil.copytree(few_packed, tmp_path / "copy"))
    assert verify(folder).num_frames == 154
    shard = folder / "shard-00000.npy"
    whole = shard.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(128, len(whole), 20).tolist():
        flipped = bytearray(whole)
        flipped[place] ^= 4
        shard.write_bytes(flipped)
        with pytest.raises(ValueError, match="1 shard of .* is not what was packed: shard-00000"):
            verify(folder)
    shard.write_bytes(whole)
    verify(folder)


def test_checksums_survive_an_interruption(few_videos, tmp_path, monkeypatch):
    import tgan.data.packed.pack as pack_module

    monkeypatch.setattr(pack_module, "SHARD_BYTES", 50 * 16 * 16 * 3)
    monkeypatch.setattr(pack_module, "_VIDEOS_PER_PART", 1)
    scan, out = find_sources([few_videos]), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(pack_module, "write_index", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            pack(scan, out, Settings(resolution=16))
    index = pack(scan, out, Settings(resolution=16))
    assert len(index.checksums) == len(index.shards) == 3
    verify(out)
