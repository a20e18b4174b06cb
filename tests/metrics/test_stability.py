import numpy as np
import pytest

from tgan.metrics.stability import StableClass, commonest_class


def one_hot(classes, sure=0.9) -> np.ndarray:
    """Probabilities (N, T, 3) that give frames these classes (N, T); -1 is a class of none."""
    rest = (1 - sure) / 2
    table = np.full((4, 3), rest) + np.eye(4, 3) * (sure - rest)
    table[3] = 1 / 3
    return table[np.asarray(classes)]


def literal(classes) -> tuple[float, float]:
    """The share of clips of one class, and the mean share of frames of the commonest."""
    stable = [len(set(clip)) == 1 and clip[0] >= 0 for clip in classes]
    shares = [max(list(clip).count(c) for c in (0, 1, 2)) / len(clip) for clip in classes]
    return float(np.mean(stable)), float(np.mean(shares))


def test_equals_a_literal_count():
    rng = np.random.default_rng(0)
    sides = [rng.integers(-1, 2, (40, 3)) for _ in "rf"]
    metric = StableClass()
    for first in (0, 15, 30):
        metric.add(*(one_hot(side[first : first + 15]) for side in sides))
    found = metric.result()
    real, fake = (literal(side.tolist()) for side in sides)
    assert (found["real"]["value"], found["real"]["commonest"]) == pytest.approx(real)
    assert (found["value"], found["commonest"]) == pytest.approx(fake)
    assert 0 < fake[0] < 1 and fake != real
    assert found["stderr"] == pytest.approx(np.sqrt(fake[0] * (1 - fake[0]) / 39))


@pytest.mark.parametrize(
    ("classes", "share"),
    [([2, 2, 2, 2], 1), ([2, 2, 1, 2], 0.75), ([0, 0, 1, 1], 0.5), ([1, -1, 1, 1], 0.75)],
    ids=["stays", "one other", "turns", "vanishes"],
)
def test_one_frame_of_another_class_or_of_none_counts(classes, share):
    assert commonest_class(one_hot([classes])) == pytest.approx([share])
    assert commonest_class(one_hot([classes], sure=0.4)).tolist() == [0]
