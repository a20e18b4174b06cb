"""Distances from the most similar window, against all pairs of windows."""

import importlib.util
import sys

import numpy as np
import pytest

from tests.truths import tadgan as literal
from tgan.anomaly.series.baselines import BASELINES
from tgan.anomaly.series.baselines.matrix_profile import MatrixProfile

RNG = np.random.default_rng(8)


@pytest.fixture(scope="module")
def interpreted():
    """Stumpy as Python runs it: compiling takes half a minute, these series take none."""
    numba = pytest.importorskip("numba")
    if importlib.util.find_spec("stumpy") is None:
        pytest.skip("needs stumpy")
    compiled = {name: sys.modules.pop(name) for name in [*sys.modules] if is_of_stumpy(name)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.config, "DISABLE_JIT", 1)
        import stumpy
    yield stumpy
    for name in [name for name in sys.modules if is_of_stumpy(name)]:
        del sys.modules[name]
    sys.modules.update(compiled)


def is_of_stumpy(name):
    return name.split(".")[0] == "stumpy"


def distance(one, other):
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0 if np.ptp(one) == np.ptp(other) else np.sqrt(len(one))
    one, other = ((x - x.mean()) / x.std() for x in (one, other))
    return np.linalg.norm(one - other)


def expected_errors(values, train, length, *, apart):
    """All pairs of windows that start more than `apart` samples from each other, or all."""
    channels = []
    for column, other in zip(values.T, train.T, strict=True):
        profile = [
            min(
                distance(column[i : i + length], other[j : j + length])
                for j in range(len(other) - length + 1)
                if apart is None or abs(i - j) > apart
            )
            for i in range(len(column) - length + 1)
        ]
        windows = np.repeat(np.array(profile)[:, None, None], length, axis=1)
        channels.append(literal.reconstruct(windows)[:, 0])
    return np.mean(channels, axis=0)


def test_a_series_against_itself(interpreted):
    values = RNG.normal(size=(45, 2)).cumsum(0)
    found = MatrixProfile(length=9).fit(values).errors(values.copy(), error="point")
    # A quarter of 9, rounded up.
    np.testing.assert_allclose(found, expected_errors(values, values, 9, apart=3), atol=1e-6)


def test_a_series_against_another(interpreted):
    train, values = RNG.normal(size=(30, 2)).cumsum(0), RNG.normal(size=(41, 2)).cumsum(0)
    found = MatrixProfile(length=8).fit(train).errors(values)
    np.testing.assert_allclose(found, expected_errors(values, train, 8, apart=None), atol=1e-6)


@pytest.mark.filterwarnings("error")
def test_constant_windows_are_near_each_other_and_far_from_others(interpreted):
    train, values = RNG.normal(size=(2, 60, 1))
    for series in (train, values):
        series[20:45] = series[0]
    found = MatrixProfile(length=8).fit(train).errors(values)
    np.testing.assert_allclose(found, expected_errors(values, train, 8, apart=None), atol=1e-6)
    assert not found[25:40].any()
    constant = np.full((60, 1), 2.0)
    assert not MatrixProfile(length=8).fit(constant).errors(constant).any()
    rising = MatrixProfile(length=8).fit(constant).errors(np.arange(60.0)[:, None])
    np.testing.assert_allclose(rising, np.sqrt(8))


def test_what_happens_once_stands_out(interpreted):
    values = np.sin(np.arange(150) / 3)[:, None] + 0.01 * RNG.normal(size=(150, 1))
    values[80:90] = values[80]
    errors = BASELINES["matrix_profile"](length=20).fit(values).errors(values)
    assert errors.shape == (150,) and np.isfinite(errors).all()
    assert 75 < errors.argmax() < 95


def test_the_shortest_series(interpreted):
    values = RNG.normal(size=(15, 1))
    assert np.isfinite(MatrixProfile(length=8).fit(values[:13]).errors(values[:13])).all()
    with pytest.raises(ValueError, match="12 samples are too few .* neighbours: at least 13"):
        MatrixProfile(length=8).fit(values[:12]).errors(values[:12])
    # Another series may be as short as one window.
    assert len(set(MatrixProfile(length=8).fit(values[:8]).errors(values[7:]))) == 1
    with pytest.raises(ValueError, match="7 samples are too few for a window of 8"):
        MatrixProfile(length=8).fit(values[:7])


def test_what_has_no_profile(monkeypatch):
    if importlib.util.find_spec("stumpy"):
        with pytest.raises(ValueError, match="windows of 2 samples have no profile"):
            MatrixProfile(length=2)
        with pytest.raises(ValueError, match="needs values that are finite"):
            MatrixProfile(length=3).fit(np.array([[1.0], [2], [np.inf]]))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"^matrix profiles need stumpy: pip install 'tgan"):
        BASELINES["matrix_profile"]()


@pytest.mark.slow
def test_compiled():
    pytest.importorskip("stumpy")
    train, values = RNG.normal(size=(2, 60, 2)).cumsum(1)
    fitted = MatrixProfile(length=9).fit(train)
    for series, apart in ((train, 3), (values, None)):
        expected = expected_errors(series, train, 9, apart=apart)
        np.testing.assert_allclose(fitted.errors(series), expected, atol=1e-6)
