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
