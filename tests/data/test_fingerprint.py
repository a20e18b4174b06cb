"""Fingerprints of clips: the same for the same clips, another for others."""

import os
import pickle
import shutil
import sys
from types import SimpleNamespace

import numpy as np
from PIL import Image
from torch.utils.data import TensorDataset

from tgan.data.clips import complete, open_clips
from tgan.data.fingerprint import fingerprint
from tgan.data.made.digits import MovingDigits
from tgan.data.own.source import as_source
from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import PARTS_NAME, Index, PackedVideo, Settings, write_index
from tgan.data.packed.shards import shard_name
from tgan.data.pictures.images import open_images
from tgan.data.subset import Subset


def packed(folder):
    return fingerprint(PackedClips(folder, num_frames=16))


def test_packed_folders_are_known_by_bytes_and_not_by_place_or_time(few_packed, tmp_path):
    before = packed(few_packed)
    assert len(before) == 64
    folder = shutil.copytree(few_packed, tmp_path / "elsewhere")
    os.utime(folder / "shard-00000.npy", (1, 1))
    assert packed(folder) == before
    # All pixels of a shard replaced, of the same size.
    shard = folder / "shard-00000.npy"
    content = np.load(shard)
    np.save(shard, 255 - content)
    assert packed(folder) != before
    # The index tells of other classes.
    other = shutil.copytree(few_packed, tmp_path / "other")
    np.save(other / "shard-00000.npy", content)
    assert packed(other) == before


def test_video_files_are_known_by_names_sizes_and_bytes(few_videos, tmp_path):
    folder = shutil.copytree(few_videos, tmp_path / "videos")

    def found():
        return fingerprint(open_clips(folder, num_frames=16, resolution=8))

    before = found()
    assert found() == before
    (folder / "a" / "one.mp4").rename(folder / "a" / "zero.mp4")
    renamed = found()
    assert renamed != before
    (folder / "a" / "zero.mp4").rename(folder / "a" / "one.mp4")
    assert found() == before
    picture = folder / "c" / "five.png"
    with Image.open(picture) as image:
        pixels = np.asarray(image)
    Image.fromarray(255 - pixels).save(picture)
    assert found() != before


def test_pictures_and_arrays_are_known_by_pixels_and_classes(tmp_path):
    videos = np.random.default_rng(0).integers(0, 256, (9, 16, 8, 8, 3), np.uint8)
    before = fingerprint(as_source(videos))
    assert fingerprint(as_source(videos.copy())) == before
    assert fingerprint(as_source(videos[:8])) != before
    assert fingerprint(as_source(255 - videos)) != before
    labels = ["a", "b"] * 4 + ["a"]
    labelled = fingerprint(as_source(videos, labels=labels))
    assert labelled != before
    assert fingerprint(as_source(videos, labels=labels[::-1])) == labelled
    assert fingerprint(as_source(videos, labels=["b", "a"] * 4 + ["a"])) != labelled
    for number, video in enumerate(videos):
        Image.fromarray(video[0]).save(tmp_path / f"{number}.png")
    pictures = fingerprint(open_images(tmp_path, resolution=8, channels=3))
    assert fingerprint(open_images(tmp_path, resolution=8, channels=3)) == pictures
    (tmp_path / "0.png").rename(tmp_path / "9.png")
    assert fingerprint(open_images(tmp_path, resolution=8, channels=3)) != pictures


def test_what_is_made_is_known_by_its_settings():
    found = {
        fingerprint(MovingDigits(num_digits=digits, resolution=16, size=20, seed=seed))
        for digits in (1, 2)
        for seed in (0, 1)
        for _ in range(2)
    }
    assert len(found) == 4


def test_parts_of_a_source_are_known_by_the_choice(few_packed):
    whole = PackedClips(few_packed, num_frames=16)
    first, again, other = (fingerprint(Subset(whole, k)) for k in ([0, 2], [0, 2], [0, 3]))
    assert first == again != other and first != fingerprint(whole)


def test_clips_that_change_by_themselves_have_none():
    import torch

    data = TensorDataset(torch.zeros(4, 16, 8, 8, 3, dtype=torch.uint8))
    source = as_source(data)
    assert fingerprint(source) is None and fingerprint(Subset(source, [0])) is None


class Own(SimpleNamespace):
    shape = (1, 8, 8, 1)

    def __len__(self):
        return 5

    def clip(self, index, start):
        if index == 2:
            raise OSError("gone")
        return np.full(self.shape, index, np.uint8)


class Named(Own):
    def fingerprint(self):
        return "mine"


def test_sources_of_ones_own():
    assert len(fingerprint(complete(Own()))) == 64
    assert fingerprint(complete(Named())) == "mine"
    assert fingerprint(pickle.loads(pickle.dumps(complete(Named())))) == "mine"  # noqa: S301


def test_no_video_is_looked_at_by_itself(tmp_path):
    # 10,000 videos take as many calls as 1,000: what they share is read.
    calls = []
    for count in (1_000, 10_000):
        folder = tmp_path / str(count)
        (folder / PARTS_NAME).mkdir(parents=True)
        np.save(folder / shard_name(0), np.zeros((count, 2, 2, 1), np.uint8))
        videos = [PackedVideo(f"{k}.mp4", 0, k, 1, None, 2, 2, None) for k in range(count)]
        settings = Settings(resolution=2, channels=1, min_frames=1)
        write_index(folder, Index(settings, count, "", [], [count], videos, [], []))
        clips, seen = PackedClips(folder, num_frames=1), []
        sys.setprofile(lambda frame, event, value, seen=seen: seen.append(event))
        try:
            fingerprint(clips)
        finally:
            sys.setprofile(None)
        calls.append(len(seen))
    assert calls[0] == calls[1]
