"""Principal components of windows against NumPy's singular value decomposition."""

import numpy as np
import pytest

from tests.truths import tadgan as literal
from tgan.anomaly.series.baselines import WindowComponents

RNG = np.random.default_rng(2)


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
