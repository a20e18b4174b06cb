import numpy as np
import pytest

from tgan.config import DataConfig
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.pictures.images import ImageClips
from tgan.data.subset import Subset, of_classes


@pytest.fixture
def source():
    pixels = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    return ImageClips(pixels, np.array([2, 0, 1, 2, 0, 2]), ["a", "b", "c"])


def test_only_clips_of_the_named_classes_are_left_and_numbered_anew(source):
    chosen = of_classes(source, ["c", "a"])
    assert chosen.labels == ["a", "c"] and len(chosen) == 5
    assert [chosen.clip(index).item() for index in range(5)] == [0, 1, 3, 4, 5]
    assert [chosen.label(index) for index in range(5)] == [1, 0, 1, 0, 1]
    assert chosen.shape == source.shape and chosen.num_starts(4) == 1


def test_classes_that_there_are_not_are_refused(source):
    with pytest.raises(ValueError, match="unknown data.classes 'd'.*choose from a, b, c"):
        of_classes(source, ["a", "d"])
    with pytest.raises(ValueError, match="all have a class"):
        of_classes(ImageClips(source.pixels), ["a"])
    empty = ImageClips(source.pixels, np.zeros(6, int), ["a", "b"])
    with pytest.raises(ValueError, match="no clip is of the class 'b'"):
        of_classes(empty, ["b"])


@pytest.mark.parametrize("open_part", [open_dataset, open_held_out])
def test_classes_of_the_digits_are_chosen_by_the_configuration(open_part):
    sizes = {"resolution": 8, "channels": 1, "num_frames": 1}
    everything = open_part(DataConfig(name="digits", **sizes))
    some = open_part(DataConfig(name="digits", classes=["3", "7"], **sizes))
    wanted = [i for i in range(len(everything)) if everything.label(i) in (3, 7)]
    assert some.labels == ["3", "7"] and len(some) == len(wanted) > 0
    for index, original in enumerate(wanted):
        np.testing.assert_array_equal(some.clip(index), everything.clip(original))


def test_a_subset_counts_its_classes_as_it_is_told(source):
    subset = Subset(source, [5, 1, 2], ["z", "c", "b", "a"])
    assert [subset.label(index) for index in range(3)] == [1, 3, 2]
    assert [Subset(source, [5, 1]).label(index) for index in range(2)] == [2, 0]
    assert Subset(ImageClips(source.pixels), [1]).label(0) is None
    assert [subset.clip(index).item() for index in range(3)] == [5, 1, 2]
    assert subset.names == []
    named = ImageClips(source.pixels, names=list("uvwxyz"))
    assert Subset(named, [3, 0]).names == ["x", "u"]
