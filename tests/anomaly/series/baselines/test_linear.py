"""Errors without TadGAN: by reconstructions."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tests.truths import tadgan as literal
from tgan.anomaly.series.baselines import linear as baselines
from tgan.anomaly.series.baselines.linear import (
    BASELINES,
    ConstantMedian,
    LinearContext,
    MovingAverage,
    WindowComponents,
)
from tgan.anomaly.series.data.series import windows_of
from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS

RNG = np.random.default_rng(2)


# What has tests of its own, since compiling it takes half a minute, and does not reconstruct.
RECONSTRUCTORS = [name for name in BASELINES if name != "matrix_profile"]


@pytest.mark.parametrize("name", RECONSTRUCTORS)
def test_every_reconstruction_has_the_shape_of_the_series(name):
    train, test = RNG.normal(size=(150, 2)), RNG.normal(size=(130, 2))
    made = BASELINES[name]().fit(train).reconstruct(test)
    assert made.shape == test.shape and np.isfinite(made).all()


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_those_of_the_reconstruction(error):
    train, test = RNG.normal(size=(150, 2)), RNG.normal(size=(130, 2))
    median = ConstantMedian().fit(train)
    expected = ERRORS[error](test, np.tile(np.median(train, axis=0), (130, 1)))
    np.testing.assert_array_equal(median.errors(test, error=error), expected)


def test_an_unknown_error_is_refused():
    with pytest.raises(ValueError, match="unknown error 'dwt' .* area, dtw, dtw_orion, point"):
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


def contexts(values, context, gap):
    """What a linear context sees, sample by sample and place by place."""
    last = len(values) - 1
    places = [*range(-gap - context, -gap), *range(gap + 1, gap + context + 1)]
    return np.array(
        [[v for k in places for v in values[min(max(t + k, 0), last)]] for t in range(last + 1)]
    )


@pytest.mark.parametrize("chunk", [4096, 25])
def test_the_linear_context_against_scikit_learns_ridge(monkeypatch, chunk):
    monkeypatch.setattr(baselines, "_CHUNK", chunk)
    train, test = 5 + RNG.normal(size=(90, 2)).cumsum(0), RNG.normal(size=(60, 2)).cumsum(0)
    seen = contexts(train, 4, 3)
    centred = seen - seen.mean(0)
    strength = 0.3 * np.linalg.eigvalsh(centred.T @ centred).mean()
    ridge = Ridge(alpha=strength).fit(seen, train)
    fitted = LinearContext(context=4, gap=3, ridge=0.3).fit(train)
    for values in (train, test):
        expected = ridge.predict(contexts(values, 4, 3))
        np.testing.assert_allclose(fitted.reconstruct(values), expected, rtol=1e-9, atol=1e-9)


def test_a_linear_context_does_not_see_what_is_hidden():
    fitted = LinearContext().fit(RNG.normal(size=(500, 1)))
    calm = RNG.normal(size=(400, 1))
    for width, is_seen in ((101, False), (103, True)):
        loud = calm.copy()
        loud[200 - width // 2 : 200 + width // 2 + 1] += 9
        change = abs(fitted.reconstruct(loud) - fitted.reconstruct(calm))[200, 0]
        assert (change > 0) == is_seen


def test_a_linear_context_fills_in_sines_and_keeps_constants():
    time = np.arange(2000)
    waves = np.stack([np.sin(time / 9), np.sin(time / 9 + 1) + np.sin(time / 31)], 1)
    made = LinearContext(ridge=1e-9).fit(waves).reconstruct(waves)
    # What the repeated samples at both ends leave; a moving average is off by the amplitude.
    assert abs(made - waves)[100:-100].max() < 1e-2
    assert abs(MovingAverage().reconstruct(waves) - waves)[100:-100].max() > 0.9
    made = LinearContext().fit(np.full((300, 1), 0.1)).reconstruct(waves[:, :1])
    assert set(made.ravel()) == {0.1}


def test_what_no_linear_context_is():
    for context, gap in ((0, 5), (3, -1)):
        with pytest.raises(ValueError, match=f"context of {context} samples beyond a gap of {gap}"):
            LinearContext(context=context, gap=gap)
    for ridge in (0.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"ridge {ridge} is not"):
            LinearContext(ridge=ridge)


def test_what_cannot_be_fitted():
    with pytest.raises(ValueError, match="0 components"):
        WindowComponents(0)
    with pytest.raises(ValueError, match="7 components of 15 windows of 6 numbers"):
        WindowComponents(7, length=6).fit(RNG.normal(size=(20, 1)))
    with pytest.raises(ValueError, match="too few for a window of 100"):
        WindowComponents().fit(np.zeros((99, 1)))
    assert len(windows_of(np.zeros((100, 1)), 100)) == 1
