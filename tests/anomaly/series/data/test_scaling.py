"""Scaling of series against scikit-learn's."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler

from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import Series

RNG = np.random.default_rng(1)


def series(times, *channels):
    names = tuple("abc"[: len(channels)])
    return Series(np.array(times, np.int64), np.array(channels, np.float64).T, names)


def test_scaling_is_scikit_learns_after_filling_with_means():
    values = RNG.normal(50, 10, size=(40, 2))
    values[[3, 9], [0, 1]] = np.nan
    train, test = Series(np.arange(40), values, ("a", "b")), RNG.normal(50, 20, size=(9, 2))
    scaler = Scaler.fit(train)
    filled = np.where(np.isnan(values), np.nanmean(values, 0), values)
    theirs = MinMaxScaler((-1, 1)).fit(filled)
    np.testing.assert_allclose(scaler.transform(values), theirs.transform(filled), atol=1e-13)
    np.testing.assert_allclose(scaler.transform(test), theirs.transform(test), atol=1e-13)
    np.testing.assert_allclose(scaler.inverse(scaler.transform(test)), test, rtol=1e-13)
    assert scaler.transform(values).min() == -1 and scaler.transform(values).max() == 1


def test_a_gap_is_filled_with_the_mean_of_the_training_part():
    scaler = Scaler.fit(series([0, 1, 2, 3], [0, 0, 0, 4]))
    assert scaler.transform(np.array([[np.nan], [100.0]]))[:, 0].tolist() == [-0.5, 49]


def test_constants():
    both = series([0, 1, 2], [5, 5, 5], [0, 1, 2])
    scaler = Scaler.fit(both)
    assert scaler.transform(both.values).T.tolist() == [[0, 0, 0], [-1, 0, 1]]
    assert scaler.transform(np.array([[7.0, 0]])).tolist() == [[2, -1]]
    constant = series([0, 1, 2], [5, 5, np.nan])
    with pytest.raises(ValueError, match=r"the series is constant \(a\)"):
        Scaler.fit(constant)
    found = Scaler.fit(constant, allow_constant=True)
    assert found.transform(constant.values)[:, 0].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="channel 'b' has no values"):
        Scaler.fit(series([0, 1], [1, 2], [np.nan, np.nan]))
    with pytest.raises(ValueError, match="fitted on 2"):
        scaler.transform(np.zeros((3, 1)))
