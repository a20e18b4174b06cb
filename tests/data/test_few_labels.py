"""Few labels: balanced, a function of the draw, and refused in one line."""

from collections import Counter

import numpy as np
import pytest

from tgan.data.few_labels import labelled_part
from tgan.data.made.digits import open_digits
from tgan.data.pictures.images import ImageClips


def clips(*counts):
    """So many images of each class; classes take turns."""
    classes = [k for place in range(max(counts)) for k in range(len(counts)) if place < counts[k]]
    pixels = np.zeros((len(classes), 4, 4, 1), np.uint8)
    return ImageClips(pixels, np.array(classes), [f"class {k}" for k in range(len(counts))])


@pytest.mark.parametrize("count", [10, 20, 100, 200])
def test_every_class_gets_as_many_labels(count):
    digits = open_digits(resolution=8, channels=1)
    part = labelled_part(digits, count, draw=3)
    assert len(part) == len(set(part.indices)) == count
    found = Counter(part.label(index) for index in range(count))
    assert found == dict.fromkeys(range(10), count // 10)
    for index in range(count):
        assert digits.label(part.indices[index]) == part.label(index)


def test_a_draw_is_a_function_of_its_number_and_larger_ones_hold_smaller_ones():
    digits = open_digits(resolution=8, channels=1)
    chosen = [labelled_part(digits, 50, draw=draw).indices for draw in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(set(chosen[0]) & set(chosen[2])) < 15
    assert set(chosen[0]) < set(labelled_part(digits, 100, draw=0).indices)


def test_every_clip_of_a_class_is_drawn_as_often():
    source, count = clips(8, 5), Counter()
    for draw in range(800):
        count.update(labelled_part(source, 4, draw=draw).indices)
    for index in range(13):
        share = 2 / (8, 5)[source.label(index)]
        assert abs(count[index] / 800 - share) < 4 * (share * (1 - share) / 800) ** 0.5


def test_without_a_count_all_that_have_a_class_are_told():
    class Partly:
        """A source of which every third clip has a class."""

        shape, labels, num_frames, skipped, num_too_short = (1, 4, 4, 1), ["a", "b"], 1, [], 0

        def __len__(self):
            return 9

        def label(self, index):
            return None if index % 3 else index % 2

    part = labelled_part(Partly())
    assert part.indices == [0, 3, 6] and [part.label(k) for k in range(3)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("counts", "count", "message"),
    [
        ((), 2, "needs clips of two classes or more, and these have 0: label videos when"),
        ((4,), 2, "needs clips of two classes or more, and these have 1"),
        ((4, 4, 4), 2, "data.num_labels 2 is below the number of classes, 3"),
        ((4, 4, 4), 8, "8 is not a multiple of the number of classes, 3: 6 or 9 is"),
        ((4, 3, 4), 12, "12 is 4 of each class, and the class 'class 1' has 3"),
        ((4, 0, 4), None, "no clip is of the class 'class 1', which the critic is to learn"),
    ],
)
def test_what_cannot_be_drawn_is_told(counts, count, message):
    source = clips(*counts) if counts else ImageClips(np.zeros((3, 4, 4, 1), np.uint8))
    with pytest.raises(ValueError, match=message):
        labelled_part(source, count)
