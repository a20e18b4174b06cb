"""The critic's value at a time step against SciPy's density."""

import numpy as np
import pytest

from tests.truths import tadgan as literal
from tgan.anomaly.series.scoring import critic_values as module
from tgan.anomaly.series.scoring.critic_values import critic_values, critic_values_stream

RNG = np.random.default_rng(5)


@pytest.mark.parametrize(("count", "length"), [(1, 5), (3, 5), (60, 5), (40, 1), (150, 30)])
def test_the_critic_at_a_step_is_the_mode_of_scipys_density(count, length):
    # Two clusters, so that mode, mean and median differ.
    critic = RNG.normal(size=count) + 6 * (RNG.random(count) < 0.3)
    np.testing.assert_array_equal(
        critic_values(critic, length), literal.critic_values(critic, length)
    )


def test_a_density_without_width_falls_back_to_the_median():
    critic = np.repeat([2.0, -1.0], 20)
    np.testing.assert_array_equal(critic_values(critic, 6), literal.critic_values(critic, 6))
    # Scores that differ by rounding, or by a lot, far from 0.
    for scale in (1e-200, 1e-9, 1e9):
        values = critic_values(scale * RNG.normal(size=50) + 3 * scale, 6)
        assert np.isfinite(values).all()
    with pytest.raises(ValueError, match="not finite"):
        critic_values(np.array([1.0, np.inf]), 2)


@pytest.mark.parametrize("sizes", [[60], [1] * 60, [3, 0, 40, 17], [29, 31]])
def test_critic_values_of_batches_are_those_of_the_whole(sizes):
    critic = RNG.normal(size=60)
    parts = np.split(critic, np.cumsum(sizes)[:-1])
    streamed = np.concatenate(list(critic_values_stream(iter(parts), 9)))
    np.testing.assert_array_equal(streamed, critic_values(critic, 9))


def test_a_batch_more_costs_no_estimate_twice(monkeypatch):
    rows = 0

    def counted(covering):
        nonlocal rows
        rows += len(covering)
        return covering[:, 0]

    monkeypatch.setattr(module, "_modes", counted)
    assert sum(map(len, critic_values_stream(np.zeros((60, 1)), 9))) == 60 + 9 - 1 == rows
