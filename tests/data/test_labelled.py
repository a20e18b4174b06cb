from dataclasses import dataclass, field

import numpy as np
import pytest

from tgan.data.labelled import open_labelled, split, training_parts, whole
from tgan.data.packed.prepare import prepare


@dataclass
class Videos:
    """A source of one-pixel videos that hold their own number."""

    numbers: list[int | None]
    labels: list[str]
    num_frames: int = 3
    skipped: list = field(default_factory=list)
    num_too_short: int = 0
    shape: tuple = (3, 1, 1, 1)

    def __len__(self):
        return len(self.numbers)

    def num_starts(self, index):
        return index + 1

    def label(self, index):
        return self.numbers[index]

    def clip(self, index, start):
        return np.full(self.shape, 10 * index + start, np.uint8)


def test_every_sixth_of_each_class_is_held_out():
    kept, held_out = split(Videos([0] * 13 + [None] + [1] * 3, ["a", "b"]))
    # Of 13 the sixth and the twelfth; of 3 the last.
    assert held_out.indices == [5, 11, 16]
    assert kept.indices == [i for i in range(17) if i not in (5, 11, 13, 16)]
    assert [held_out.label(i) for i in range(len(held_out))] == [0, 0, 1]
    assert kept.shape == (3, 1, 1, 1) and kept.labels == ["a", "b"]


def test_clips_and_starts_are_the_sources():
    _, held_out = split(Videos([0] * 6 + [1] * 6, ["a", "b"]))
    assert held_out.clip(1, 2)[0, 0, 0, 0] == 112
    assert held_out.num_starts(1) == 12


def test_classes_of_held_out_videos_are_found_by_name():
    part = whole(Videos([0, 1, None, 1], ["c", "a"]), ["a", "b", "c"])
    assert [part.label(i) for i in range(len(part))] == [2, 0, 0]
    assert part.indices == [0, 1, 3]
    with pytest.raises(ValueError, match="held-out videos of a class 'd'; the classes are a, c"):
        whole(Videos([0, 1], ["a", "d"]), ["a", "c"])


@pytest.mark.parametrize(
    ("numbers", "labels", "message"),
    [
        ([None, None], [], "0 classes of videos: two are needed, such as"),
        ([0, 0], ["a"], "1 classes of videos: two are needed"),
        ([0, 0, 1], ["a", "b"], "the class 'b' has 1 videos long enough: two are needed"),
        ([0, 0], ["a", "b"], "the class 'b' has 0 videos long enough"),
    ],
)
def test_too_few_videos_are_refused(numbers, labels, message):
    with pytest.raises(ValueError, match=message):
        split(Videos(numbers, labels))


def test_parts_are_split_off_or_named():
    source, other = Videos([0] * 6 + [1] * 6, ["a", "b"]), Videos([1, 0], ["b", "a"])
    kept, held_out = training_parts(source)
    assert (kept.indices, held_out.indices) == tuple(part.indices for part in split(source))
    kept, held_out = training_parts(source, other)
    assert len(kept) == 12 and [held_out.label(i) for i in range(2)] == [1, 0]


def test_packed_folders_have_classes(labelled_videos, tmp_path):
    clips = open_labelled(str(labelled_videos), num_frames=8, stride=2)
    assert clips.labels == ["down", "right"] and clips.shape == (8, 32, 32, 3)
    with pytest.raises(ValueError, match="videos' is no packed folder; other videos have no class"):
        open_labelled(labelled_videos.parent / "videos", num_frames=8)
    prepare(labelled_videos.parent / "videos", tmp_path / "plain", resolution=8, workers=1)
    with pytest.raises(ValueError, match="in '.*plain' have no classes: prepare them with labels"):
        open_labelled(tmp_path / "plain", num_frames=8)


def test_pictures_have_the_classes_of_their_folders_or_of_an_array(tmp_path):
    images = np.zeros((4, 9, 9), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, kind=["b", "a", "b", "a"])
    clips = open_labelled(tmp_path / "x.npz", num_frames=1, labels_key="kind")
    assert clips.labels == ["a", "b"] and clips.shape == (1, 64, 64, 3)
    smaller = open_labelled(tmp_path / "x.npz", num_frames=1, labels_key="kind", resolution=16)
    assert smaller.shape == (1, 16, 16, 3)
    with pytest.raises(ValueError, match="have no classes: put pictures in a folder per class"):
        open_labelled(tmp_path / "x.npz", num_frames=1)
