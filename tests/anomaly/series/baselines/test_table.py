"""What all baselines have in common: reconstructions and their errors."""

import numpy as np
import pytest

from tgan.anomaly.series.baselines import BASELINES, ConstantMedian
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
