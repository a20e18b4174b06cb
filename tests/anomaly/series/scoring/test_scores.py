"""Smoothing, z-scores, the critic's scores and combinations, against plain loops."""

import numpy as np
import pytest

from tests.truths import tadgan as literal
from tgan.anomaly.series.scoring.scores import (
    COMBINATIONS,
    Reference,
    anomaly_scores,
    critic_values,
    critic_values_stream,
    smooth,
    smoothing_window,
)

RNG = np.random.default_rng(5)


def rec_scores(errors, smoothing):
    reference = Reference.of(errors, smoothing=smoothing)
    return reference.scores(errors, combination="reconstruction")


def critic_scores(values, smoothing):
    errors = np.zeros_like(values)
    reference = Reference.of(errors, values, smoothing=smoothing)
    return reference.scores(errors, values, combination="critic")


@pytest.mark.parametrize("window", [1, 2, 3, 10, 11, 40, 90])
def test_smoothing_is_the_centred_rolling_mean(window):
    values = RNG.normal(size=60) + 100
    expected = [literal.rolling_mean(values, window)] if window <= 60 else []
    for one in expected:
        np.testing.assert_allclose(smooth(values, window), one, rtol=1e-13)
    both = np.stack([values, values[::-1]], 1)
    np.testing.assert_allclose(smooth(both, window)[:, 0], smooth(values, window), rtol=1e-13)
    assert smooth(values, window).shape == values.shape


def test_a_constant_stays_one_and_has_no_z_scores():
    constant = np.full(5000, 0.1)
    assert set(smooth(constant, 37)) == {0.1}
    np.testing.assert_allclose(rec_scores(constant, 10), 1, atol=1e-9)
    assert set(critic_scores(constant, 10)) == {1.0}
    assert rec_scores(np.array([0.0, 2.0]), 1).tolist() == [1, 2]


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


def test_errors_below_the_rounding_of_networks_are_none():
    rounding = 1e-8 * RNG.random(1000)
    usual = Reference.of(rounding, smoothing=5)
    assert usual.scores(rounding, combination="reconstruction").max() < 1.1
    rounding[500:510] = 1e-3
    assert usual.scores(rounding, combination="reconstruction").max() > 100
    with pytest.raises(ValueError, match="deviation of errors of 0"):
        Reference(5, 1.0, 0)


def test_the_smoothing_window_is_a_hundredth_of_the_windows_and_at_least_one():
    assert [smoothing_window(n) for n in (1, 99, 199, 200, 7853)] == [1, 1, 1, 2, 78]
    with pytest.raises(ValueError, match="smoothing window of 0"):
        smooth(np.zeros(3), 0)


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


@pytest.mark.parametrize("window", [1, 7])
def test_scores_of_critic_and_reconstruction(window):
    values = RNG.gamma(1.0, size=80)
    np.testing.assert_allclose(
        critic_scores(values, window), literal.critic_scores(values, window), rtol=1e-12
    )
    np.testing.assert_allclose(
        rec_scores(values, window),
        literal.reconstruction_scores(values, window),
        rtol=1e-12,
    )


def test_the_critics_score_grows_both_ways():
    values = np.concatenate([RNG.normal(size=200), [9.0, -9.0]])
    scores = critic_scores(values, 1)
    assert set(np.argsort(scores)[-2:]) == {200, 201}


def test_combinations():
    critic, rec = np.array([1.0, 2, 3]), np.array([4.0, 1, 2])
    assert COMBINATIONS["product"](critic, rec).tolist() == [4, 2, 6]
    assert COMBINATIONS["convex"](critic, rec).tolist() == [1.5, 0.5, 1.5]
    assert COMBINATIONS["reconstruction"](critic, rec) is rec
    assert COMBINATIONS["critic"](critic, rec) is critic


def test_the_whole_way():
    values, made = RNG.normal(size=(2, 60, 1))
    critic = RNG.normal(size=60)
    rec = literal.reconstruction_scores(literal.orion_warped_errors(values[:, 0], made[:, 0]), 4)
    both = rec * literal.critic_scores(critic, 4)
    found = anomaly_scores(values, made, critic, smoothing=4, error="dtw_orion")
    np.testing.assert_allclose(found, both, rtol=1e-10)
    np.testing.assert_allclose(
        anomaly_scores(values, made, smoothing=4, error="dtw_orion"), rec, rtol=1e-10
    )
    point = literal.reconstruction_scores(abs(values - made)[:, 0], 4)
    found = anomaly_scores(
        values, made, critic, smoothing=4, error="point", combination="reconstruction"
    )
    np.testing.assert_allclose(found, point, rtol=1e-10)


def test_what_does_not_fit_is_refused():
    values = np.zeros((9, 1))
    with pytest.raises(ValueError, match="unknown error 'dwt' .*area, dtw, dtw_orion, point"):
        anomaly_scores(values, values, smoothing=2, error="dwt")
    with pytest.raises(ValueError, match="unknown combination 'sum'"):
        anomaly_scores(values, values, smoothing=2, combination="sum")
    with pytest.raises(ValueError, match="differ in shape"):
        anomaly_scores(values, values[:-1], smoothing=2)
    with pytest.raises(ValueError, match="convex needs a critic"):
        anomaly_scores(values, values, smoothing=2, combination="convex")
    with pytest.raises(ValueError, match="for 9 time steps"):
        anomaly_scores(values, values, np.zeros(8), smoothing=2)
    with pytest.raises(ValueError, match="product needs a critic"):
        Reference.of(values[:, 0], smoothing=2).scores(
            values[:, 0], np.ones(9), combination="product"
        )


def test_scores_by_the_reference_of_another_series():
    errors, critic = RNG.gamma(1.0, size=(2, 80))
    reference = Reference.of(errors, critic, smoothing=1)
    later = reference.scores(errors[:3] + 5, critic[:3], combination="reconstruction")
    z = (errors[:3] + 5 - errors.mean()) / errors.std()
    np.testing.assert_allclose(later, np.maximum(z, 0) + 1, rtol=1e-12)
    # A shift of all errors is seen by another series' reference, and not by its own.
    np.testing.assert_allclose(rec_scores(errors + 5, 1), rec_scores(errors, 1), rtol=1e-10)


def test_no_score_is_negative_where_a_mean_is_rounded():
    values = np.where(np.arange(2000) % 500 == 0, 1.0, 0.1)
    assert (critic_scores(values, 20) >= 1).all()


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

    monkeypatch.setattr("tgan.anomaly.series.scoring.scores._modes", counted)
    assert sum(map(len, critic_values_stream(np.zeros((60, 1)), 9))) == 60 + 9 - 1 == rows
