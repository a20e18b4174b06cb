"""Found intervals narrowed to what they were found for."""

import numpy as np
import pytest

from tgan.anomaly.series.scoring.narrowing import narrowed

TIMES = 1000 + 60 * np.arange(600)


def errors_of(seed, *faults, noise=0.1):
    """Absolute normal errors, with faults (first, last, height) on top."""
    errors = noise * np.abs(np.random.default_rng(seed).normal(size=len(TIMES)))
    for first, last, height in faults:
        errors[first : last + 1] += height
    return errors


def places(intervals):
    return [tuple((np.array(pair) - 1000) // 60) for pair in intervals]


def best_by_loops(errors, first, last, normal):
    """The stretch with the greatest sum over the root of its length, by trying all."""
    excess = errors - normal
    tried = {
        (a, b): excess[a : b + 1].sum() / (b + 1 - a) ** 0.5
        for a in range(first, last + 1)
        for b in range(a, last + 1)
    }
    return max(tried, key=tried.get)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length", [1, 4, 30, 90])
def test_a_stretch_is_found_in_a_wide_interval(seed, length):
    first = 250 + 7 * seed
    errors = errors_of(seed, (first, first + length - 1, 1.0))
    wide = [(int(TIMES[first - 55]), int(TIMES[first + length + 55]))]
    [(a, b)] = places(narrowed(wide, errors, TIMES))
    assert abs(a - first) <= 1 and abs(b - (first + length - 1)) <= 1
    outside = np.delete(errors, slice(first - 55, first + length + 56))
    assert (a, b) == best_by_loops(errors, first - 55, first + length + 55, outside.mean())


def test_an_interval_of_two_anomalies_becomes_two_and_one_of_noise_stays_one():
    errors = errors_of(0, (100, 119, 1.0), (150, 169, 0.8), (400, 404, 0.05))
    wide = [(int(TIMES[50]), int(TIMES[220])), (int(TIMES[350]), int(TIMES[450]))]
    first, second, last = places(narrowed(wide, errors, TIMES))
    assert first == (100, 119) and second == (150, 169)
    assert 350 <= last[0] <= last[1] <= 450


def test_a_second_stretch_that_hardly_stands_out_is_left():
    errors = errors_of(1, (100, 119, 1.0), (150, 152, 0.3))
    assert places(narrowed([(int(TIMES[50]), int(TIMES[220]))], errors, TIMES)) == [(100, 119)]


def test_long_intervals_are_searched_on_a_coarser_grid_first():
    times = np.arange(30_000)
    errors = 0.1 * np.abs(np.random.default_rng(0).normal(size=30_000))
    errors[12_345:12_600] += 1
    [(first, last)] = narrowed([(2000, 28_000)], errors, times)
    assert abs(first - 12_345) <= 1 and abs(last - 12_599) <= 1


def test_ends_are_times_within_the_interval_and_whole_where_they_were():
    errors = errors_of(2, (0, 9, 1.0))
    [(start, end)] = narrowed([(1000, int(TIMES[70]))], errors, TIMES)
    assert (start, end) == (1000, int(TIMES[9])) and type(start) is type(end) is int
    [(start, end)] = narrowed(
        [(1.25, 1.75)], np.array([0.0, 1, 0, 0]), np.array([1.0, 1.25, 1.75, 2])
    )
    assert (start, end) == (1.25, 1.25)
    assert narrowed([], errors, TIMES) == []
    # All of the series was found: its mean is normal.
    [(start, end)] = narrowed([(1000, int(TIMES[-1]))], errors, TIMES)
    assert (start, end) == (1000, int(TIMES[9]))


def test_errors_of_0_are_no_reason_to_fail():
    [(start, end)] = narrowed([(1060, 1300)], np.zeros(600), TIMES)
    assert 1060 <= start <= end <= 1300
