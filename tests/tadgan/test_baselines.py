"""Reconstructions without a network."""

import numpy as np
import pytest

from tests.tadgan import literal
from tgan.tadgan.baselines import BASELINES, ConstantMedian, MovingAverage, WindowComponents
from tgan.tadgan.scores import anomaly_scores, reconstruction_scores
from tgan.tadgan.series import windows_of

RNG = np.random.default_rng(2)


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_reconstructs_in_shape(name):
    train, test = RNG.normal(size=(150, 2)), RNG.normal(size=(130, 2))
    made = BASELINES[name]().fit(train).reconstruct(test)
    assert made.shape == test.shape and np.isfinite(made).all()


@pytest.mark.parametrize("error", ["point", "area", "dtw"])
def test_errors_are_those_of_the_reconstruction(error):
    train, test = RNG.normal(size=(150, 2)), RNG.normal(size=(130, 2))
    median = ConstantMedian().fit(train)
    expected = anomaly_scores(test, median.reconstruct(test), window=7, error=error)
    found = reconstruction_scores(median.errors(test, error=error), 7)
    np.testing.assert_array_equal(found, expected)


def test_an_unknown_error_is_refused():
    with pytest.raises(ValueError, match="unknown error 'dwt' .*area, dtw, point"):
        ConstantMedian().fit(np.zeros((9, 1))).errors(np.zeros((9, 1)), error="dwt")


def test_the_median_is_that_of_the_training_part():
    train = np.array([[0.0, 5], [1, 6], [9, 70]])
    assert ConstantMedian().fit(train).reconstruct(np.zeros((2, 2))).tolist() == [[1, 6]] * 2


def test_averages():
    values = np.arange(6.0)[:, None] ** 2
    centred = MovingAverage(length=3).fit(values).reconstruct(values)
    np.testing.assert_allclose(centred[:, 0], [0.5, 5 / 3, 14 / 3, 29 / 3, 50 / 3, 20.5])
    past = MovingAverage(length=3, trailing=True).reconstruct(values)
    np.testing.assert_allclose(past[:, 0], [0, 0.5, 5 / 3, 14 / 3, 29 / 3, 50 / 3])


def test_components_against_a_singular_value_decomposition():
    train, test = RNG.normal(size=(80, 2)), RNG.normal(size=(30, 2))
    rows = np.stack([train[i : i + 6].ravel() for i in range(75)])
    basis = np.linalg.svd(rows - rows.mean(0), full_matrices=False)[2][:3]
    parts = np.stack([test[i : i + 6].ravel() for i in range(25)]) - rows.mean(0)
    made = (parts @ basis.T @ basis + rows.mean(0)).reshape(25, 6, 2)
    found = WindowComponents(3, length=6).fit(train).reconstruct(test)
    np.testing.assert_allclose(found, literal.reconstruct(made), atol=1e-12)


def test_as_many_components_as_a_sum_of_sines_needs_leave_nothing():
    time = np.arange(400)
    values = (np.sin(time / 7) + np.sin(time / 19))[:, None]
    error = [
        np.abs(WindowComponents(k, length=50).fit(values).reconstruct(values) - values).max()
        for k in (3, 4)
    ]
    assert error[0] > 1e-2 and error[1] < 1e-12


def test_components_without_variance_are_left_out():
    # Of a constant nothing is known but its mean, and a line has slopes alone.
    test = RNG.normal(size=(40, 1))
    made = WindowComponents(5, length=10).fit(np.full((50, 1), 3.0)).reconstruct(test)
    assert set(made.ravel()) == {3.0}
    line = np.arange(50.0)[:, None]
    made = WindowComponents(5, length=10).fit(line).reconstruct(test)
    windows = np.stack([test[i : i + 10, 0] for i in range(31)])
    offsets = (windows - np.arange(10)).mean(1, keepdims=True)
    expected = literal.reconstruct((np.arange(10) + offsets)[..., None])
    np.testing.assert_allclose(made, expected, atol=1e-9)


def test_what_cannot_be_fitted():
    with pytest.raises(ValueError, match="0 components"):
        WindowComponents(0)
    with pytest.raises(ValueError, match="7 components of 15 windows of 6 numbers"):
        WindowComponents(7, length=6).fit(RNG.normal(size=(20, 1)))
    with pytest.raises(ValueError, match="too few for a window of 100"):
        WindowComponents().fit(np.zeros((99, 1)))
    assert len(windows_of(np.zeros((100, 1)), 100)) == 1
