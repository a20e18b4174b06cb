"""Scores of errors and critic values, and their combinations, against plain loops."""

import numpy as np
import pytest

from tests.truths import tadgan as literal
from tgan.anomaly.series.scoring.reconstruction_errors import late_warped_errors
from tgan.anomaly.series.scoring.scores import COMBINATIONS, NormalStatistics
from tgan.anomaly.series.scoring.smoothing import smooth

RNG = np.random.default_rng(5)


def rec_scores(errors, smoothing):
    reference = NormalStatistics.of(errors, smoothing=smoothing)
    return reference.scores(errors, combination="reconstruction")


def critic_scores(values, smoothing):
    errors = np.zeros_like(values)
    reference = NormalStatistics.of(errors, values, smoothing=smoothing)
    return reference.scores(errors, values, combination="critic")


def test_a_constant_stays_one_and_has_no_z_scores():
    constant = np.full(5000, 0.1)
    assert set(smooth(constant, 37)) == {0.1}
    np.testing.assert_allclose(rec_scores(constant, 10), 1, atol=1e-9)
    assert set(critic_scores(constant, 10)) == {1.0}
    assert rec_scores(np.array([0.0, 2.0]), 1).tolist() == [1, 2]


def test_errors_below_the_rounding_of_networks_are_none():
    rounding = 1e-8 * RNG.random(1000)
    normal = NormalStatistics.of(rounding, smoothing=5)
    assert normal.scores(rounding, combination="reconstruction").max() < 1.1
    rounding[500:510] = 1e-3
    assert normal.scores(rounding, combination="reconstruction").max() > 100
    with pytest.raises(ValueError, match="deviation of errors of 0"):
        NormalStatistics(5, 1.0, 0)


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


def test_errors_and_critic_of_a_reconstruction_become_scores():
    values, made = RNG.normal(size=(2, 60, 1))
    critic = RNG.normal(size=60)
    rec = literal.reconstruction_scores(literal.orion_warped_errors(values[:, 0], made[:, 0]), 4)
    both = rec * literal.critic_scores(critic, 4)
    errors = late_warped_errors(values, made)
    normal = NormalStatistics.of(errors, critic, smoothing=4)
    found = normal.scores(errors, critic, combination="product")
    np.testing.assert_allclose(found, both, rtol=1e-10)
    found = normal.scores(errors, critic, combination="reconstruction")
    np.testing.assert_allclose(found, rec, rtol=1e-10)
    alone = NormalStatistics.of(errors, smoothing=4).scores(errors, combination="reconstruction")
    np.testing.assert_allclose(alone, rec, rtol=1e-10)


def test_combinations_that_cannot_be_are_refused():
    errors = np.zeros(9)
    normal = NormalStatistics.of(errors, smoothing=2)
    with pytest.raises(ValueError, match="unknown combination 'sum'"):
        normal.scores(errors, combination="sum")
    for critic in (None, np.ones(9)):
        with pytest.raises(ValueError, match="product needs a critic"):
            normal.scores(errors, critic, combination="product")


def test_scores_by_the_reference_of_another_series():
    errors, critic = RNG.gamma(1.0, size=(2, 80))
    reference = NormalStatistics.of(errors, critic, smoothing=1)
    later = reference.scores(errors[:3] + 5, critic[:3], combination="reconstruction")
    z = (errors[:3] + 5 - errors.mean()) / errors.std()
    np.testing.assert_allclose(later, np.maximum(z, 0) + 1, rtol=1e-12)
    # A shift of all errors is seen by another series' reference, and not by its own.
    np.testing.assert_allclose(rec_scores(errors + 5, 1), rec_scores(errors, 1), rtol=1e-10)


def test_no_score_is_negative_where_a_mean_is_rounded():
    values = np.where(np.arange(2000) % 500 == 0, 1.0, 0.1)
    assert (critic_scores(values, 20) >= 1).all()
