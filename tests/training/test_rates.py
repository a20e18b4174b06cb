"""Learning-rate schedules against their corners, and against `numpy.interp`."""

import numpy as np
import pytest

from tgan.training.rates import constant, linear, trapezoid


def test_a_warm_up_climbs_and_a_cool_down_falls_to_nothing():
    rate_at = trapezoid(100, warm_up=0.1, cool_down=1.0)
    rates = [rate_at(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[9] == pytest.approx(0.91)
    assert rates[-1] == pytest.approx(0.01)
    assert trapezoid(1, warm_up=0.1, cool_down=1.0)(0) == 1


@pytest.mark.parametrize(("warm_up", "cool_down"), [(0.2, 0.5), (0.25, 0.25), (0, 0.4), (0.3, 0)])
def test_a_trapezoid_is_piecewise_linear(warm_up, cool_down):
    steps = 40
    rates = [trapezoid(steps, warm_up=warm_up, cool_down=cool_down)(step) for step in range(steps)]
    # A climb counts the step that it is at, a fall those that are left.
    up = np.interp(np.arange(steps) + 1, [0, warm_up * steps], [0, 1]) if warm_up else 1
    down = np.interp(np.arange(steps), [steps * (1 - cool_down), steps], [1, 0]) if cool_down else 1
    np.testing.assert_allclose(rates, np.minimum(up, down) * np.ones(steps), rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 7, 500])
def test_a_linear_fall_is_a_trapezoid_of_one_slope(steps):
    rates = [linear(steps)(step) for step in range(steps)]
    assert rates[0] == 1 and rates[-1] == pytest.approx(1 / steps)
    falling = trapezoid(steps, cool_down=1.0)
    np.testing.assert_allclose(rates, [falling(step) for step in range(steps)], rtol=1e-12)


def test_nothing_changes_a_constant():
    assert [constant(step) for step in (0, 10**6)] == [1, 1]
    assert [trapezoid(10)(step) for step in (0, 9)] == [1, 1]
