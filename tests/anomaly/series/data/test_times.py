"""Times as people read them."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tgan.anomaly.series.data.times import are_dates, written


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0, 4000, False),
        (5000, 99_999_999, False),
        (0, 100_000_000, True),
        (-1, 5, True),
        (1396310400, 1396310400, True),
        (-62135596800, 0, True),  # The first year that a date can have.
        (-62135596801, 0, False),
    ],
)
def test_small_numbers_are_no_dates(first, last, expected):
    assert are_dates(np.array([first, last])) is expected


def test_dates_are_those_of_the_standard_library():
    times = np.array([-62135596800, -1, 0, 1396310400, 253402300799])
    found = written(times, dates=True)
    assert found[3] == "2014-04-01T00:00:00Z"
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    seconds = [(datetime.fromisoformat(text) - epoch).total_seconds() for text in found]
    assert seconds == times.tolist()
    assert written(times[1:3], dates=False) == ["-1", "0"]


def test_fractions_of_a_second_are_written_as_far_as_they_go():
    times = 1396310400 + 0.01 * np.arange(3)
    assert written(times, dates=True)[1] == "2014-04-01T00:00:00.010Z"
    assert written(times + 1e-5, dates=True)[1] == "2014-04-01T00:00:00.010010Z"
    assert written(np.array([0.5, 1.25]), dates=False) == ["0.500", "1.250"]
    assert written(np.array([-0.5]), dates=True) == ["1969-12-31T23:59:59.500Z"]
