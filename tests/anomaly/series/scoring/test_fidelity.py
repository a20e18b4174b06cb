"""Errors of reconstructions against sums by hand."""

import numpy as np
import pytest

from tgan.anomaly.series.data.series import Scaler
from tgan.anomaly.series.scoring.fidelity import known_error

# Channel a is halved and shifted by 1, channel b shifted by 2 alone.
SCALER = Scaler(means=np.array([1.0, 7]), minima=np.array([0.0, 2]), maxima=np.array([4.0, 2]))


def test_what_is_missing_does_not_count():
    values = np.array([[0.0, 2], [4, np.nan], [np.nan, 5]])
    made = np.array([[0.0, 0], [1, 99], [99, 1]])
    # Of -1, 0, 1 and 3 against 0, 0, 1 and 1.
    assert known_error(values, made, SCALER) == pytest.approx((1 + 0 + 0 + 4) / 4)


def test_a_reconstruction_may_be_one_row_for_all():
    values = np.array([[0.0, 2], [4, 3]])
    assert known_error(values, np.array([[0.0, 1]]), SCALER) == pytest.approx((1 + 1 + 1 + 0) / 4)
