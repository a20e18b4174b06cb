"""Averages by hand."""

import numpy as np

from tgan.anomaly.series.baselines import ConstantMedian, MovingAverage


def test_the_median_is_that_of_the_training_part():
    train = np.array([[0.0, 5], [1, 6], [9, 70]])
    assert ConstantMedian().fit(train).reconstruct(np.zeros((2, 2))).tolist() == [[1, 6]] * 2


def test_averages():
    values = np.arange(6.0)[:, None] ** 2
    centred = MovingAverage(length=3).fit(values).reconstruct(values)
    np.testing.assert_allclose(centred[:, 0], [0.5, 5 / 3, 14 / 3, 29 / 3, 50 / 3, 20.5])
    past = MovingAverage(length=3, trailing=True).reconstruct(values)
    np.testing.assert_allclose(past[:, 0], [0, 0.5, 5 / 3, 14 / 3, 29 / 3, 50 / 3])
