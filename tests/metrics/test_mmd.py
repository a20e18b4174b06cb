"""Against two literal loops, and the authors' package where it is installed."""

import numpy as np
import pytest

from tgan.metrics.mmd import MomentDistance


def literal(x, y) -> float:
    """The mean of the kernel over all pairs, those of a sample with itself included, times 100."""

    def mean(a, b):
        pairs = [sum(p * q for p, q in zip(s, t, strict=True)) / len(s) for s in a for t in b]
        return sum(product**2 for product in pairs) / len(pairs)

    return 100 * (mean(x, x) + mean(y, y) - 2 * mean(x, y))


def draw(seed, count, shift=0.0, size=6):
    return np.random.default_rng(seed).normal(shift, 1, (count, size))


def distance(real, fake, batch=64) -> float:
    metric = MomentDistance(real.shape[1])
    for first in range(0, len(real), batch):
        metric.add(real[first : first + batch], fake[first : first + batch])
    return metric.result()["value"]


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_equals_two_literal_loops_however_samples_arrive(batch):
    real, fake = draw(0, 30), draw(1, 30, 0.5)
    assert distance(real, fake, batch) == pytest.approx(literal(real, fake), rel=1e-10)


def test_equals_the_authors_package():
    package = pytest.importorskip("videojedi.mmd_polynomial", reason="JEDi's package is not here")
    real, fake = draw(2, 300, size=20), draw(3, 300, 0.1, size=20)
    expected = 100 * package.mmd_poly(real, fake, degree=2, coef0=0)
    assert distance(real, fake) == pytest.approx(expected, rel=1e-9)


def test_one_point_each_has_a_closed_form():
    """x.x = 4, y.y = 9 and x.y = 0 of two dimensions: (4/2)^2 + (9/2)^2."""
    assert distance(np.array([[2.0, 0.0]]), np.array([[0.0, 3.0]])) == pytest.approx(2425)


def test_it_is_zero_for_one_set_and_falls_with_the_size_of_two_alike():
    assert distance(draw(4, 50), draw(4, 50)) == 0
    few, many = (distance(draw(5, n), draw(6, n)) for n in (100, 10_000))
    assert few > 20 * many > 0
    assert distance(draw(5, 100), draw(6, 100, 1.0)) > 5 * few


def test_a_large_offset_costs_few_digits():
    real, fake = draw(7, 40, size=3), draw(8, 40, size=3)
    near = literal(*(np.float64(side + 1e4).tolist() for side in (real, fake)))
    assert distance(real + 1e4, fake + 1e4) == pytest.approx(near, rel=1e-5)


def test_nothing_has_no_distance():
    assert MomentDistance(3).result() == {"value": None}
