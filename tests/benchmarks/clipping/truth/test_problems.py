import numpy as np
import pytest

from tgan.benchmarks.clipping.truth.problems import PROBLEMS
from tgan.metrics.transport import transport, transport_1d


def draw_many(problem, count):
    return problem.draw(count, np.random.default_rng(5))


def test_distance_on_the_line_is_that_of_many_samples():
    problem = PROBLEMS["line"](0)
    real, fake = draw_many(problem, 50_000)
    assert transport_1d(real[:, 0], fake[:, 0]) == pytest.approx(problem.distance, abs=0.03)
    # The two-bump side is the real one, and |x| attains the distance but for the tails.
    attained = np.abs(real).mean() - np.abs(fake).mean()
    assert attained == pytest.approx(problem.distance, abs=0.04)


@pytest.mark.parametrize(("name", "count"), [("gaussians", 20_000), ("clips", 60)])
def test_translated_gaussians_are_apart_by_the_distance_and_differ_in_nothing_else(name, count):
    problem = PROBLEMS[name](3)
    real, fake = (side.reshape(count, -1) for side in draw_many(problem, count))
    shift = real.mean(0) - fake.mean(0)
    assert np.linalg.norm(shift) == pytest.approx(problem.distance, rel=0.05)
    # The spread along a few directions, the shift's own among them.
    directions = np.random.default_rng(0).normal(size=(3, len(shift)))
    for direction in (shift, *directions):
        spreads = [(side @ direction).std() for side in (real, fake)]
        assert spreads[0] == pytest.approx(spreads[1], rel=5 / count**0.5)


def test_fixed_samples_are_always_the_same_and_depend_on_the_seed():
    first, second = PROBLEMS["pairing"](0), PROBLEMS["pairing"](1)
    pairs = [first.draw(256, np.random.default_rng(seed)) for seed in (0, 1)]
    assert all(np.array_equal(a, b) for a, b in zip(*pairs, strict=True))
    assert transport(*pairs[0]) == pytest.approx(first.distance)
    assert first.distance != second.distance
