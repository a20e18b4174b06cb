"""Times of samples: columns, units, dates and times of day."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tests.made.read_notes import notes_of
from tgan.anomaly.series.data.tables import CsvForm

START = 1396310400  # 2014-04-01
WHEN = [datetime(2014, 4, day, 13, 5, 30, tzinfo=UTC) for day in (1, 2, 20)]


@pytest.mark.parametrize(
    ("date_format", "note"),
    [
        ("%Y-%m-%dT%H:%M:%S+00:00", None),
        ("%d/%m/%Y %H:%M:%S", "dates as day/month/year"),
        ("%m/%d/%Y %I:%M:%S %p", "dates as month/day/year"),
        ("%Y/%m/%d %H:%M:%S", "dates as year/month/day"),
        ("%d.%m.%Y %H:%M:%S", "dates as day/month/year"),
        ("%d-%b-%Y %H:%M:%S", "dates as day/month/year"),
        ("%b %d %Y %H:%M:%S", "dates as month/day/year"),
        ("%a, %d %b %Y %H:%M:%S GMT", "dates as day/month/year"),
        ("%d/%m/%Y %H:%M:%SZ", "dates as day/month/year"),
        ("%Y%m%d%H%M%S", "dates as %Y%m%d%H%M%S"),
    ],
)
@pytest.mark.parametrize("place", ["found", "given"])
def test_dates_of_every_form(read, recwarn, date_format, note, place):
    lines = [f"{when:{date_format}}; 1" for when in WHEN]
    options = {}
    if place == "given":
        options["form"] = CsvForm(delimiter=";", date_format=date_format)
    found = read("time;x", *lines, **options)
    assert found.timestamps.tolist() == [when.timestamp() for when in WHEN]
    notes = ["';' between cells", *([note] if note else [])] if place == "found" else []
    assert notes_of(recwarn) == ([", ".join(notes)] if notes else [])


def test_date_and_time_of_two_columns(read):
    for clock, date in (("%H:%M:%S", "%d/%m/%Y"), ("%H.%M.%S", "%Y-%m-%d")):
        lines = [f"{when:{date}};{when:{clock}};2,5" for when in WHEN]
        with pytest.warns(UserWarning, match="times from Date and Time"):
            found = read("Date;Time;T", *lines)
        assert found.timestamps.tolist() == [when.timestamp() for when in WHEN]
        assert found.names == ("T",) and found.values.tolist() == [[2.5]] * 3
        with pytest.warns(UserWarning, match="times from Date and Time"):
            again = read("Date;Time;T", *lines, timestamp="Date,Time")
        np.testing.assert_array_equal(again.timestamps, found.timestamps)


@pytest.mark.parametrize(
    ("name", "cells", "unit", "times"),
    [
        ("timestamp", ["1396310400", "1396310401"], "s", [START, START + 1]),
        ("timestamp", ["1396310400000", "1396310401500"], "ms", [START, START + 1.5]),
        ("time", ["1396310400000000", "1396310401000000"], "us", [START, START + 1]),
        ("time", ["1396310400000000000", "1396310400250000000"], "ns", [START, START + 0.25]),
        ("time_ms", ["0", "10"], "ms", [0, 0.01]),
        ("TimeUs", ["0", "10"], "us", [0, 1e-5]),
        ("time [s]", ["0,5", "1,5"], "s", [0.5, 1.5]),
        ("time", ["0", "600"], "s", [0, 600]),
        ("time", ["-10", "5"], "s", [-10, 5]),
        # No times of day, though 0.05 might be five past midnight.
        ("time", ["0.00", "0.05"], "s", [0, 0.05]),
        ("Time (h)", ["0", "0.5"], "h", [0, 1800]),
        ("elapsed time, min", ["0", "2"], "min", [0, 120]),
    ],
)
def test_units_are_known_from_size_or_name(read, recwarn, name, cells, unit, times):
    found = read(f"{name};x", *[f"{cell};1" for cell in cells])
    np.testing.assert_array_equal(found.timestamps, times)
    assert (f"times in {unit}" in notes_of(recwarn)[0]) is (unit != "s")
    again = read("when;x", *[f"{cell};1" for cell in cells], form=CsvForm(unit=unit))
    np.testing.assert_array_equal(again.timestamps, times)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["time,x", "01/04/2014,1", "02/04/2014,2"], "may be day/month/year or month/day/year; .*"),
        (
            ["start_time,end_time,x", "1,2,3", "2,3,1"],
            "in 'start_time' or 'end_time'; .* timestamp",
        ),
        (["energy,x", "1,5", "3,6", "10,2"], "'energy' .* rises and may be times or values; .*"),
        (["time_s,x", "1396310400000,1"], "may be in s or ms; say which by unit"),
        (["time,x", "95617584000,1"], "may be in s, ms, us, ns, min, h or d; say"),
        (["timestamp,x", "20140401,1", "20140402,2"], "may be dates or seconds; .* date_format"),
        (["time,x", "23:59:59,1", "00:00:01,2"], "times of day of .* fall, at midnight or"),
        (["time,x", "13/04/2014,1", "31/02/2014,2"], "line 3 of .*'31/02/2014' is not a time"),
        (["time,x", "13/04/2014,1", "04/13/2014,2"], "line 3 of .*'04/13/2014' is not a time"),
        (["time,x", "13/04/2014 25:00,1"], "line 2 of .*'13/04/2014 25:00' is not a time"),
        (["time_s,x", "0,1", ",2", "2,3"], "line 3 of .*: '' is not a time"),
        (["time,x", ",1", "2014-04-01,2"], "line 2 of .*: '' is not a time"),
        (["time,x", "13/04/2014,1", "soon,2"], "line 3 .*'soon' .* in the first row is a date"),
        (["time,x", "2014-04-01,1", "5,2"], "line 3 .*'5' is not a time; .* is a date"),
        (["Date,x", "41730.25,1", "41730.5,2"], "may be in s, ms, us, ns, min, h or d; say which"),
        (
            ["timestamp,x", "9e18,1"],
            "such as 9000000000000000000 may be in s, ms, us, ns, min, h or d",
        ),
    ],
)
def test_times_that_can_be_read_in_two_ways_or_in_none_are_refused(read, lines, message):
    with pytest.raises(ValueError, match=message) as refused:
        read(*lines)
    assert "\n" not in str(refused.value)


def test_an_ambiguous_date_is_read_as_it_is_said(read):
    lines = "time,x", "01/04/2014,1", "02/04/2014,2"
    for date_format, days in (("%d/%m/%Y", [(4, 1), (4, 2)]), ("%m/%d/%Y", [(1, 4), (2, 4)])):
        found = read(*lines, form=CsvForm(date_format=date_format))
        expected = [datetime(2014, *day, tzinfo=UTC).timestamp() for day in days]
        assert found.timestamps.tolist() == expected
    with pytest.raises(ValueError, match="line 2 of .*'01/04/2014' is not a time"):
        read(*lines, form=CsvForm(date_format="%Y"))
    # Points between them have one order, and an order that gives the same dates is no other one.
    with pytest.warns(UserWarning, match="dates as day/month/year"):
        assert read("time;x", "01.04.2014;1").timestamps.tolist() == [START]
    with pytest.warns(UserWarning, match="dates as"):
        read("time,x", "01/01/2014,1", "02/02/2014,2")
