"""Results of series detection as files and as text, by hand."""

import numpy as np
import pytest

from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.results import (
    describe,
    describe_agreement,
    describe_found,
    relative_error,
    write_scores,
)
from tgan.anomaly.series.scoring.scores import Scores


def series_of(values, *names, first=1396310400, step=600):
    values = np.array(values, np.float64).reshape(len(values), -1)
    times = first + step * np.arange(len(values), dtype=np.int64)
    return Series(times, values, names or ("value",))


def test_a_found_interval_tells_how_much_of_it_is_empty():
    # An interval over 4 segments of which 3 have no value, and one over 2 with all.
    values = np.where(np.isin(np.arange(10), [2, 3, 4, 9]), np.nan, 1.0)[:, None]
    scores = Scores(
        series_of(values, step=1, first=0), values, values[:, 0], np.arange(10.0), "series"
    )
    assert describe_found(scores, [(1, 4), (6, 7)]).splitlines() == [
        "2 intervals found",
        "  1 to 4  highest score 4.000, 75% empty",
        "  6 to 7  highest score 7.000",
    ]


def test_the_relative_error_is_over_what_is_known():
    values = np.array([[0.0, 5], [4, 5], [np.nan, 5], [8, 5]])
    series = series_of(values, "a", "b")
    made = np.array([[1.0, 5], [4, 5], [99, 5], [6, 7]])
    scores = Scores(series, made, np.zeros(4), np.zeros(4))
    # Channel a is scaled by 2 / 8, b not at all; variances are 32/3 and 0 over 3 and 4 values.
    expected = ((1 + 4) / 16 + 4) / (32 / 16)
    assert relative_error(scores, Scaler.fit(series)) == pytest.approx(expected)


def test_a_table_of_numbers_without_dates_whose_names_clash(tmp_path):
    series = series_of([[1, 2, 3], [4, np.nan, 1e12]], "score", "x", "x_reconstruction", first=0)
    scores = Scores(series, np.zeros((2, 3)), np.array([0.5, 1]), np.array([0, 2.0]))
    write_scores(tmp_path / "a.csv", scores, [(600, 600)])
    assert (tmp_path / "a.csv").read_text().splitlines() == [
        "timestamp,score_,x,x_reconstruction,score_reconstruction,x_reconstruction_,"
        "x_reconstruction_reconstruction,critic,score,is_abnormal",
        "0,1,2,3,0,0,0,0.5,0,0",
        "600,4,,1e+12,0,0,0,1,2,1",
    ]
    assert "0 to 600" in describe(series, series)
    assert "against 0 known: 1 found falsely; coverage 0.500" in describe_agreement(
        scores, [(600, 600)], []
    )
