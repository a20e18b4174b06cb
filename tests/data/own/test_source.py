import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import IterableDataset, TensorDataset

from tgan.config.sizes import base_side
from tgan.data.loader import ClipBatches
from tgan.data.made.digits import MovingDigits
from tgan.data.own.source import as_source
from tgan.data.pictures.images import ImageClips


@pytest.fixture
def videos():
    return np.random.default_rng(0).integers(0, 256, (6, 20, 16, 16, 3), np.uint8)


class Noise:
    """The least that a source of clips needs."""

    shape = (4, 16, 16, 1)

    def __len__(self):
        return 5

    def clip(self, index, start):
        return np.full(self.shape, index, np.uint8)


KINDS = {
    "array": lambda x: x,
    "tensor": torch.from_numpy,
    "list": list,
    "dataset": lambda x: TensorDataset(torch.from_numpy(x)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_batches(videos, kind):
    expected = ClipBatches(as_source(videos, num_frames=16), batch_size=4, seed=1)[3]
    source = as_source(KINDS[kind](videos), num_frames=16)
    found = ClipBatches(pickle.loads(pickle.dumps(source)), batch_size=4, seed=1)[3]  # noqa: S301
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_every_kind(videos, kind):
    source = as_source(KINDS[kind](videos), labels=[0, 2, 1, 0, 0, 2], classes=["a", "b", "c"])
    assert source.labels == ["a", "b", "c"] and source.shape == (20, 16, 16, 3)
    assert [source.label(index) for index in range(6)] == [0, 2, 1, 0, 0, 2]


def test_an_object_with_the_needed_part_is_completed():
    source = as_source(Noise())
    assert (source.labels, source.skipped, source.num_too_short) == ([], [], 0)
    assert source.num_frames == 4 and source.num_starts(3) == 1 and source.label(3) is None
    clips, labels = ClipBatches(pickle.loads(pickle.dumps(source)), batch_size=5, seed=0)[0]  # noqa: S301
    assert sorted(clips[:, 0, 0, 0, 0].tolist()) == [0, 1, 2, 3, 4] and labels.tolist() == [-1] * 5


def test_what_an_object_has_is_kept():
    class Named(Noise):
        labels = ("a", "b")
        names = ("x.mp4",) * 5
        num_too_short = 3

        def num_starts(self, index):
            return index + 1

        def label(self, index):
            return index % 2

    source = as_source(Named())
    assert source.labels == ["a", "b"] and source.label(3) == 1 and source.num_starts(3) == 4
    assert source.num_too_short == 3 and source.names[0] == "x.mp4"


@pytest.mark.parametrize(
    "whole",
    [
        MovingDigits(num_frames=4, resolution=16, size=3),
        ImageClips(np.zeros((3, 16, 16, 3), np.uint8)),
        as_source(np.zeros((3, 4, 16, 16, 3), np.uint8)),
    ],
)
def test_a_whole_source_is_returned_as_it_is(whole):
    assert as_source(whole) is whole
    assert as_source(whole, num_frames=whole.num_frames) is whole


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"shape": (4, 16, 16)},
            r"clips of shape \(4, 16, 16\); at least 1 and \(T, H, W, C\) are",
        ),
        ({"__len__": lambda self: 0}, "Mine has 0 videos and clips"),
        ({"clip": lambda self, i, s: np.zeros((4, 16, 16, 1))}, "clip 0 of Mine is float64"),
        (
            {"clip": lambda self, i, s: np.zeros((4, 8, 8, 1), np.uint8)},
            r"uint8 \(4, 8, 8, 1\); ui",
        ),
        ({"clip": lambda self, i, s: None}, r"clip 0 of Mine is NoneType \(\); uint8"),
        ({"num_starts": lambda self, i: 0}, "video 0 of Mine has 0 starts"),
        ({"labels": ["a"], "label": lambda self, i: i}, "the label of video 1 of Mine is 1; its 1"),
        ({"shape": (4, 16, 16, 2)}, "has clips of 2 channels; 1, 3 or 4"),
    ],
)
def test_an_object_that_does_not_keep_its_promise_is_named(change, message):
    mine = type("Mine", (Noise,), change)
    with pytest.raises(ValueError, match=message):
        as_source(mine())


def test_settings_that_a_source_has_itself_are_refused():
    for settings in ({"labels": [0] * 5}, {"classes": ["a"]}, {"stride": 2}):
        with pytest.raises(ValueError, match="Noise is a source of clips: it has labels and a str"):
            as_source(Noise(), **settings)
    with pytest.raises(ValueError, match="clips of Noise have 4 frames, not 16"):
        as_source(Noise(), num_frames=16)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("my_videos", "'my_videos' is a path; tgan.data.clips.open_clips opens videos"),
        (Path("my_videos"), "'my_videos' is a path"),
        (Stream(), "Stream holds no clips: an array or tensor"),
        ({"video": 1}, "dict holds no clips"),
        (7, "int holds no clips"),
        (np.zeros((2, 3, 16, 16, 16), np.uint8), r"looks like \(N, C, T, H, W\)"),
        (np.zeros((2, 16, 16, 16, 3)), "clips of type float64, from 0 to 0"),
        (np.zeros((60, 28, 28), np.uint8), r"shape \(60, 28, 28\); .*: clips\[..., None\] if they"),
        (np.zeros((2, 4, 28, 28, 3), np.uint8), "28x28: .*; resize them, to 32x32 say"),
    ],
)
def test_what_cannot_be_clips_is_named(data, message):
    with pytest.raises(ValueError, match=message):
        as_source(data)


@pytest.mark.parametrize(("height", "width"), [(16, 24), (24, 16), (17, 16)])
def test_the_expression_for_frames_that_are_not_square_takes_their_middle(height, width):
    clips = np.random.default_rng(0).integers(0, 256, (2, 3, height, width, 3), np.uint8)
    with pytest.raises(ValueError, match=f"{width} wide and {height} high; square ones") as error:
        as_source(clips)
    expression = str(error.value).partition("the middle, ")[2]
    square = eval(expression, {"clips": clips})  # noqa: S307
    top, left = (height - 16) // 2, (width - 16) // 2
    np.testing.assert_array_equal(square, clips[:, :, top : top + 16, left : left + 16])
    assert as_source(square).shape == (3, 16, 16, 3)


def test_any_side_is_taken_for_networks_of_ones_own():
    clips = np.zeros((2, 4, 28, 28, 1), np.uint8)
    assert as_source(clips, any_side=True).shape == (4, 28, 28, 1)
    assert base_side(32) == 4
