import numpy as np
import pytest

from tgan.metrics.kid import KernelDistance, block_size, kernel_distance


def literal(x, y) -> float:
    """Equation 4 of Binkowski et al. 2018 with two loops."""

    def k(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3

    m, n = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    within_y = sum(k(y[i], y[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    between = sum(k(a, b) for a in x for b in y) / (m * n)
    return within_x + within_y - 2 * between


def draw(seed, count, shift=0.0, size=6):
    return np.random.default_rng(seed).normal(shift, 1, (count, size))


def fill(metric, real, fake, batch):
    for begin in range(0, len(real), batch):
        metric.add(real[begin : begin + batch], fake[begin : begin + batch])
    return metric


def test_equals_two_literal_loops():
    x, y = draw(0, 9), draw(1, 7, 0.5)
    assert kernel_distance(x, y) == pytest.approx(literal(x, y), rel=1e-10)


@pytest.mark.parametrize("batch", [1, 7, 20, 64])
def test_blocks_are_the_same_however_samples_arrive(batch):
    real, fake = draw(2, 64), draw(3, 64, 1.0)
    found = fill(KernelDistance(6, block=20), real, fake, batch).result()
    each = [literal(real[b : b + 20], fake[b : b + 20]) for b in (0, 20, 40)]
    assert found["value"] == pytest.approx(np.mean(each), rel=1e-10)
    assert found["stderr"] == pytest.approx(np.std(each, ddof=1) / np.sqrt(3), rel=1e-9)
    assert (found["block"], found["blocks"]) == (20, 3)


def test_estimate_is_unbiased_where_the_frechet_distance_is_not():
    """Tiny blocks of one distribution: the mean over many is 0 within its standard error."""
    found = fill(KernelDistance(6, block=4), draw(4, 8000), draw(5, 8000), 500).result()
    assert abs(found["value"]) < 3 * found["stderr"]
    moved = fill(KernelDistance(6, block=4), draw(4, 8000), draw(5, 8000, 0.5), 500).result()
    assert moved["value"] > 10 * moved["stderr"]


def test_value_of_two_points_has_a_closed_form():
    """All real features 0, all generated ones the vector of ones: 1 + 8 - 2."""
    zeros, ones = np.zeros((4, 3)), np.ones((4, 3))
    found = fill(KernelDistance(3, block=2), zeros, ones, 3).result()
    assert found["value"] == pytest.approx(7) and found["stderr"] == pytest.approx(0)


def test_one_block_has_no_standard_error_and_says_so():
    found = fill(KernelDistance(6, block=40), draw(6, 64), draw(7, 64), 16).result()
    assert found["blocks"] == 1 and found["stderr"] is None
    assert "1 block of 40 samples" in found["warning"]


def test_a_resumed_estimate_is_the_same_bit_for_bit():
    real, fake = draw(8, 70), draw(9, 70)
    whole = fill(KernelDistance(6, block=15), real, fake, 10)
    first, second = KernelDistance(6, block=15), KernelDistance(6, block=15)
    second.load_state(fill(first, real[:40], fake[:40], 10).state())
    assert fill(second, real[40:], fake[40:], 10).result() == whole.result()


def test_block_sizes():
    assert [block_size(n) for n in (2, 19, 100, 2048, 10_000, 50_000)] == [
        2,
        2,
        10,
        204,
        1000,
        1000,
    ]
