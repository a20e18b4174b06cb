"""An LSTM that forecasts the next sample."""

import numpy as np
import pytest
import torch

from tgan.anomaly.series.baselines.forecaster import LSTMForecaster
from tgan.anomaly.series.baselines.linear import BASELINES

RNG = np.random.default_rng(3)
SMALL = {"length": 12, "units": 8, "epochs": 2}


def test_the_table_has_it():
    assert isinstance(BASELINES["lstm_forecaster"](), LSTMForecaster)
    assert isinstance(BASELINES["lstm_forecaster"](seed=3), LSTMForecaster)


def test_it_learns_what_follows():
    wave = np.sin(np.arange(900) / 3)
    values = np.stack([wave, np.roll(wave, 5)], 1)
    fitted = LSTMForecaster(length=20, units=16, epochs=12).fit(values[:600])
    test = values[600:]
    errors = np.square(fitted.reconstruct(test) - test)[20:].mean(0)
    # A forecast of no change has 0.055, the mean has 0.5.
    assert (errors < 0.02).all()


def test_a_sample_is_seen_by_as_many_forecasts_as_the_length_and_not_by_its_own():
    calm = RNG.normal(size=(60, 2))
    fitted = LSTMForecaster(**SMALL).fit(calm)
    loud = calm.copy()
    loud[30, 1] += 3
    changed = (fitted.reconstruct(loud) != fitted.reconstruct(calm)).any(1)
    assert changed.nonzero()[0].tolist() == list(range(31, 43))


def test_the_first_samples_are_their_own_forecasts():
    values = RNG.normal(size=(60, 2))
    fitted = LSTMForecaster(**SMALL).fit(values)
    made = fitted.reconstruct(values)
    np.testing.assert_array_equal(made[:12], values[:12])
    assert (made[12:] != values[12:]).all() and np.isfinite(made).all()
    assert not fitted.errors(values, error="point")[:12].any()
    for length in (1, 12):
        np.testing.assert_array_equal(fitted.reconstruct(values[:length]), values[:length])
    # In pieces, and as a whole.
    np.testing.assert_allclose(fitted.reconstruct(values[20:])[12:], made[32:], rtol=1e-5)


def test_it_is_a_function_of_its_seed_and_leaves_the_global_generators():
    values = RNG.normal(size=(80, 1))
    states = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    first, again, other = (
        LSTMForecaster(**SMALL, seed=seed).fit(values).reconstruct(values) for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1]  # noqa: NPY002
    np.testing.assert_array_equal(first, again)
    assert (first != other)[12:].all()


def test_what_cannot_be():
    for name in SMALL:
        with pytest.raises(ValueError, match=f"{name} 0 of a forecaster is below 1"):
            LSTMForecaster(**{**SMALL, name: 0})
    with pytest.raises(ValueError, match="12 samples are too few .*: at least 13"):
        LSTMForecaster(**SMALL).fit(np.zeros((12, 1)))
    made = LSTMForecaster(**SMALL).fit(np.zeros((13, 1))).reconstruct(np.zeros((13, 1)))
    assert np.isfinite(made).all()
