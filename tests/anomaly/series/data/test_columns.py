"""Columns of times: found by their names and by what is in them."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tests.made.read_notes import notes_of
from tgan.anomaly.series.data.tables import CsvForm

START = 1396310400  # 2014-04-01


@pytest.mark.parametrize(
    ("header", "times", "names", "note"),
    [
        ("time_s,x", [0, 60, 120], ("x",), None),
        ("t,x", [0, 60, 120], ("x",), None),
        ("x,time", [5, 65, 125], ("x",), None),
        (",x", [0, 60, 120], ("x",), "times from the column without a name"),
        ("frame,x", [0, 60, 120], ("x",), "times from frame"),
    ],
)
def test_the_column_of_times_is_found(read, recwarn, header, times, names, note):
    found = read(header, "0,5", "60,65", "120,125", ",", ",")
    assert found.timestamps.tolist() == times and found.names == names
    assert notes_of(recwarn) == ([note] if note else [])


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        ("Date;Time;x", "{:%d/%m/%Y};{:%H.%M};{}", "times from Date and Time"),
        ("date;hr;x", "{:%Y-%m-%d};{:%H};{}", "times from date and hr"),
        ("date;Hour;x", "{:%d.%m.%Y};{:%-H};{}", "times from date and Hour"),
        ("No;year;month;day;hour;x", "1;{0:%Y;%-m;%-d};{1:%-H};{2}", "from year and month and day"),
        ("Year;Month;Day;x;Hour;Minute", "{0:%Y;%m;%d};{2};{1:%H;%M}", "from Year and Month and"),
    ],
)
def test_parts_of_times_in_several_columns(read, header, row, told):
    hours = [datetime(2014, 4, 20, hour, tzinfo=UTC) for hour in (9, 15, 8)]
    lines = [row.format(when, when, number) for number, when in enumerate(hours)]
    with pytest.warns(UserWarning, match=told):
        found = read(header, *lines)
    assert found.timestamps.tolist() == sorted(when.timestamp() for when in hours)
    assert found.values[:, -1].tolist() == [2, 0, 1] and found.names[-1] == "x"


def test_hours_of_work_are_no_times_of_day(read):
    found = read("date,hours", "2014-04-01,8", "2014-04-02,7")
    assert found.names == ("hours",) and found.timestamps.tolist() == [START, START + 86400]


def test_values_without_times_are_evenly_spaced(read):
    rows = "3,4", "1,7", "2,9"
    with pytest.warns(UserWarning, match="is read with no times, samples a second apart"):
        found = read("load,heat", *rows)
    assert found.timestamps.tolist() == [0, 1, 2] and found.names == ("load", "heat")
    found = read("load,heat", *rows, form=CsvForm(every=0.25))
    assert found.timestamps.tolist() == [0, 0.25, 0.5] and found.names == ("load", "heat")
    # A sample that is missing keeps its place.
    found = read("load,heat", "3,4", ",", "2,9", form=CsvForm(every=60))
    assert found.timestamps.tolist() == [0, 60, 120] and np.isnan(found.values[1]).all()
    found = read("load,heat", "3,4", "2,9", ",", ",", form=CsvForm(every=60))
    assert found.timestamps.tolist() == [0, 60]
    # Times that are not to be used are no channel.
    with pytest.warns(UserWarning, match="is read with no times from time"):
        found = read("time,x", "1396310400,1", "1396310999,2", form=CsvForm(every=1))
    assert found.names == ("x",) and found.timestamps.tolist() == [0, 1]
