import pickle
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, TensorDataset, random_split

from tgan.data.loader import ClipBatches, stream_batches
from tgan.data.own.map_style import DatasetClips


class Videos(Dataset):
    """Videos of 20 to 22 frames with pixels (item, frame, times read), and their labels."""

    def __init__(self, count=10, labels=None, make=torch.from_numpy):
        self.count, self.labels, self.make = count, labels, make
        self.reads: list[int] = []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.reads.append(index)
        video = np.zeros((20 + index % 3, 8, 8, 3), np.uint8)
        video[..., 0], video[..., 2] = index, self.reads.count(index)
        video[..., 1] = np.arange(len(video))[:, None, None]
        return self.make(video) if self.labels is None else (self.make(video), self.labels[index])


def test_windows_of_items_of_several_lengths():
    clips = DatasetClips(Videos(), num_frames=5, stride=3)
    assert clips.shape == (5, 8, 8, 3) and len(clips) == 10
    assert [clips.num_starts(index) for index in range(4)] == [8, 9, 10, 8]
    assert clips.clip(4, 8)[:, 0, 0, :2].tolist() == [[4, t] for t in range(8, 21, 3)]
    with pytest.raises(IndexError, match="no clip from frame 8 in the 20 of item 3"):
        clips.clip(3, 8)
    assert DatasetClips(Videos()).num_frames == 20


def test_items_are_read_when_they_are_drawn_and_once_for_each_draw():
    dataset = Videos(50, labels=list(range(50)))
    dataset.classes = [f"class {number}" for number in range(50)]
    clips = DatasetClips(dataset, num_frames=16)
    assert len(set(dataset.reads)) == 8 and len(dataset.reads) <= 9
    dataset.reads.clear()
    found, labels = ClipBatches(clips, batch_size=5, seed=0)[0]
    assert sorted(dataset.reads) == sorted(labels.tolist()) == sorted(found[:, 0, 0, 0, 0].tolist())
    # An augmented item is another at each draw, also where the same one comes twice in a row.
    starts, reads = clips.num_starts(3), []
    for _ in range(2):
        assert clips.num_starts(3) == starts
        reads.append(clips.clip(3, 0)[0, 0, 0, 2])
    assert reads[0] != reads[1]


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_read_the_same(workers):
    def drawn(count):
        clips = DatasetClips(Videos(labels=[0, 1] * 5), num_frames=16)
        stream = stream_batches(ClipBatches(clips, batch_size=4, seed=0), first=0, workers=count)
        return [(clip[..., :2], label) for clip, label in islice(stream, 4)]

    for (clip, label), (same, same_label) in zip(drawn(0), drawn(workers), strict=True):
        assert torch.equal(clip, same) and torch.equal(label, same_label)


def test_it_can_be_pickled_whatever_it_was_doing():
    clips = DatasetClips(Videos(labels=[0, 1] * 5), num_frames=16)
    clips.num_starts(3)
    again = pickle.loads(pickle.dumps(clips))  # noqa: S301
    assert again.labels == ["0", "1"] and again.clip(3, 0)[0, 0, 0, 0] == 3


@pytest.mark.parametrize("make", [np.asarray, torch.from_numpy, np.ndarray.tolist])
def test_items_of_any_library(make):
    if make is np.ndarray.tolist:
        with pytest.raises(ValueError, match="item 0 of the dataset is a list of 20"):
            DatasetClips(Videos(make=make))
    else:
        assert DatasetClips(Videos(make=make)).shape == (20, 8, 8, 3)


def test_datasets_of_tensors_and_parts_of_them():
    videos = torch.randint(0, 256, (6, 4, 8, 8, 3), dtype=torch.uint8)
    alone = DatasetClips(TensorDataset(videos))
    assert alone.labels == [] and alone.label(0) is None
    np.testing.assert_array_equal(alone.clip(5, 0), videos[5])
    labelled = TensorDataset(videos, torch.tensor([3, 1, 3, 1, 1, 3]))
    clips = DatasetClips(labelled)
    assert clips.labels == ["1", "3"]
    assert [clips.label(index) for index in range(6)] == [1, 0, 1, 0, 0, 1]
    part, _ = random_split(labelled, [4, 2], torch.Generator().manual_seed(0))
    clips = DatasetClips(part)
    expected = [int(labelled[index][1]) for index in part.indices]
    assert [int(clips.labels[clips.label(index)]) for index in range(4)] == expected


def test_pictures_of_pillow_are_clips_of_one_frame():
    class Pictures(Videos):
        def __getitem__(self, index):
            return Image.new("RGB", (8, 8), (index, 0, 0)), index % 2

    clips = DatasetClips(Pictures(), classes=["even", "odd"])
    assert clips.shape == (1, 8, 8, 3) and clips.clip(7, 0)[0, 0, 0, 0] == 7
    assert clips.label(7) == 1 and clips.labels == ["even", "odd"]


def test_labels_can_be_named_or_replaced():
    by_name = DatasetClips(Videos(labels=["b", "a"] * 5), classes=["a", "b", "c"])
    assert [by_name.label(index) for index in range(2)] == [1, 0]
    replaced = DatasetClips(Videos(labels=[0] * 10), labels=["x", "y"] * 5)
    assert replaced.labels == ["x", "y"] and replaced.label(1) == 1
    named = DatasetClips(Videos(), labels=[1] * 10, classes=["x", "y"])
    assert named.labels == ["x", "y"] and named.label(0) == 1


class Spoilt(Videos):
    """One item is another thing; the looks at some items meet items 0 and 9 of 10."""

    def __init__(self, wrong, place=9, **settings):
        super().__init__(**settings)
        self.wrong, self.place = wrong, place

    def __getitem__(self, index):
        return self.wrong if index == self.place else super().__getitem__(index)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((20, 8, 8, 3)), "item 9 of the dataset: clip of type float64, from 0 to 0"),
        (np.zeros((3, 20, 8, 8), np.uint8), r"item 9 of .*rearrange\(clip, 'c t h w -> t h w c'"),
        (
            np.zeros((20, 9, 9, 3), np.uint8),
            r"frames of item 9 .* are \(9, 9, 3\), those of item 0",
        ),
        (np.zeros((15, 8, 8, 3), np.uint8), "item 9 of the dataset has 15 frames; a clip of 16"),
        ((1, 2, 3), r"item 9 of the dataset is a tuple of 3; a clip, or \(clip, label\), is ne"),
        ({"video": 1}, "item 9 of the dataset is a dict of 1; a clip"),
    ],
)
def test_items_of_another_form_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        DatasetClips(Spoilt(wrong), num_frames=16)
    # One that was not looked at is named when it is drawn, by whichever process draws it.
    late = DatasetClips(Spoilt(wrong, place=5, count=60), num_frames=16)
    with pytest.raises(ValueError, match=message.replace("item 9", "item 5")):
        list(
            islice(stream_batches(ClipBatches(late, batch_size=60, seed=0), first=0, workers=1), 1)
        )


def test_labels_of_another_form_are_named():
    with pytest.raises(ValueError, match="the dataset has no items"):
        DatasetClips(Videos(0))
    with pytest.raises(ValueError, match="classes name what labels stand for"):
        DatasetClips(Videos(), classes=["a"])
    with pytest.raises(ValueError, match="the label of item 0 of the dataset is 7; the 2 classes"):
        DatasetClips(Videos(labels=[7] * 10), classes=["a", "b"])
    with pytest.raises(ValueError, match="the label of clip 4 is None"):
        DatasetClips(Videos(labels=[0, 1, 2, 3, None, *range(5)]))
