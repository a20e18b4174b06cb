"""Moving means against plain loops."""

import numpy as np
import pytest

from tests.truths import tadgan as literal
from tgan.anomaly.series.scoring.smoothing import smooth, smoothing_window

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("window", [1, 2, 3, 10, 11, 40, 90])
def test_smoothing_is_the_centred_rolling_mean(window):
    values = RNG.normal(size=60) + 100
    expected = [literal.rolling_mean(values, window)] if window <= 60 else []
    for one in expected:
        np.testing.assert_allclose(smooth(values, window), one, rtol=1e-13)
    both = np.stack([values, values[::-1]], 1)
    np.testing.assert_allclose(smooth(both, window)[:, 0], smooth(values, window), rtol=1e-13)
    assert smooth(values, window).shape == values.shape


def test_a_huge_sample_leaves_no_trace_beyond_the_windows_that_hold_it():
    values = RNG.normal(size=(500, 2))
    spoilt = values.copy()
    spoilt[100, 0] = 1e20
    for window, trailing in ((1, False), (7, True), (10, False), (64, True)):
        clean = smooth(values, window, trailing=trailing)
        found = smooth(spoilt, window, trailing=trailing)
        reached = found[:, 0] > 1e15
        assert np.flatnonzero(reached).size == window
        np.testing.assert_allclose(found[~reached], clean[~reached], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found[:, 1], clean[:, 1], rtol=1e-9, atol=1e-12)


def test_the_smoothing_window_is_a_hundredth_of_the_windows_and_at_least_one():
    assert [smoothing_window(n) for n in (1, 99, 199, 200, 7853)] == [1, 1, 1, 2, 78]
    with pytest.raises(ValueError, match="smoothing window of 0"):
        smooth(np.zeros(3), 0)
