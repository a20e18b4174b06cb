"""Segments of equal length in time."""

import math

import numpy as np
import pytest

from tgan.anomaly.series.data.grid import Grid, lead_of, median_step, plain

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("interval", [1, 7, 60, 0.25, 0.3])
@pytest.mark.parametrize("share", [0, 0.2, 0.5])
def test_the_first_sample_is_in_segment_0_and_times_are_whole_where_the_interval_is(
    interval, share
):
    for first in (0, 5, -3, 1396310400, 0.2, 0.7, 0.98, -0.4, 1396310400.5):
        grid = Grid.from_first(first, interval, share * interval)
        assert grid.number(first) == 0
        assert grid.times(0, 3).dtype == (np.int64 if interval >= 1 else np.float64)
        assert abs(grid.start - first) < 1
        if isinstance(first, int):
            assert grid.start == first


def test_a_lead_puts_jittered_samples_into_their_own_segment():
    times = np.sort(1396310400 + 60 * np.arange(1000) + RNG.integers(-29, 30, 1000))
    grid = Grid(1396310400, 60, 30)
    np.testing.assert_array_equal(grid.numbers(times), np.arange(1000))
    assert len(np.unique(Grid(1396310400, 60).numbers(times))) < 800


@pytest.mark.parametrize("step", [1, 2, 7, 60, 61, 300])
@pytest.mark.parametrize("factor", ["1", "3", "4", "0.5", "1.5", "0.7"])
def test_evenly_spaced_samples_keep_their_segments(step, factor):
    interval = max(1, round(step * float(factor)))
    # Some of them are missing.
    times = 1000 + step * np.flatnonzero(np.append(True, RNG.random(500) < 0.9))
    lead = lead_of(times, interval)
    assert type(lead) is int and 0 <= lead <= interval / 2
    before, after = (Grid.from_first(times[0], interval, one) for one in (0, lead))
    np.testing.assert_array_equal(before.numbers(times), after.numbers(times))
    np.testing.assert_array_equal(before.times(0, 9), after.times(0, 9))
    assert lead == math.gcd(step, interval) // 2


def test_the_lead_of_irregular_samples_is_half_a_step_or_half_an_interval():
    times = np.sort(60 * np.arange(1000) + RNG.integers(-1, 2, 1000))
    assert lead_of(times, 60) == lead_of(times, 300) == 30 and lead_of(times, 61) == 30
    assert lead_of(times, 20) == 10
    assert lead_of(times + 0.1, 60) == 30
    assert lead_of(0.01 * np.arange(1000), 0.01) == 0.005
    assert lead_of(np.array([5]), 60) == lead_of(np.array([5, 5]), 60) == 0


def test_the_median_step_of_times_with_fractions_is_a_round_number():
    for step in (0.01, 0.004, 1 / 44100, 2.5, 60.4):
        times = 1396310400.25 + step * np.arange(5000)
        found = median_step(np.delete(times, np.arange(100, 150)))
        assert abs(found - step) < 1e-4 * step
    for step in (0.01, 0.25, 60, 60.4):
        jitter = 0.2 * step * RNG.uniform(-1, 1, 5000)
        assert median_step(1396310400.25 + step * np.arange(5000) + jitter) == step
    assert median_step(np.array([0.5, 1.5, 2.5])) == 1


def test_a_whole_time_is_an_int():
    for time, taken in ((np.int64(4), 4), (4.0, 4), (np.float64(4.5), 4.5)):
        found = plain(time)
        assert found == taken and type(found) is type(taken)
