"""Regression on the context of a hidden block against scikit-learn's ridge."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tgan.anomaly.series.baselines import LinearContext, MovingAverage, linear_context

RNG = np.random.default_rng(2)


def contexts(values, context, gap):
    """What a linear context sees, sample by sample and place by place."""
    last = len(values) - 1
    places = [*range(-gap - context, -gap), *range(gap + 1, gap + context + 1)]
    return np.array(
        [[v for k in places for v in values[min(max(t + k, 0), last)]] for t in range(last + 1)]
    )


@pytest.mark.parametrize("chunk", [4096, 25])
def test_the_linear_context_against_scikit_learns_ridge(monkeypatch, chunk):
    monkeypatch.setattr(linear_context, "_CHUNK", chunk)
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
