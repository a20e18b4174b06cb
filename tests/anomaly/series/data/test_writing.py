"""Series and intervals through files: what is written is read back."""

import csv
import json

import numpy as np
import pytest

from tgan.anomaly.series.data.reading import read_series
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.data.writing import read_intervals, write_intervals, write_series


def series_of(values, *names, times=None):
    values = np.array(values, np.float64)
    times = np.arange(len(values)) if times is None else times
    return Series(np.array(times), values, names)


def test_a_file_by_hand(tmp_path):
    path = tmp_path / "folder" / "a.csv"
    write_series(path, series_of([[0.1, np.nan], [-2, 1e-300]], "x", "y, z", times=[5, 1704067200]))
    assert path.read_bytes() == b'timestamp,x,"y, z"\n5,0.1,\n1704067200,-2.0,1e-300\n'


@pytest.mark.parametrize("channels", [1, 4])
def test_every_bit_of_a_series_comes_back(tmp_path, channels):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((200, channels)) * 10.0 ** rng.integers(-300, 300, (200, channels))
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:3, 0] = -0.0, np.nextafter(0, 1), np.finfo(np.float64).max
    names = ("x", "größe (m/s²)", 'a "b", c', "two words")[:channels]
    # Before 1970, and twice the same time.
    times = np.sort(rng.integers(-(10**9), 10**9, 200))
    times[7] = times[6]
    series = Series(times, values, names)
    write_series(tmp_path / "a.csv", series)
    found = read_series(tmp_path / "a.csv")
    assert found.names == names and found.timestamps.dtype == np.int64
    np.testing.assert_array_equal(found.timestamps, times)
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(np.signbit(found.values[0]), np.signbit(values[0]))
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in list(csv.reader(file))[1:] for cell in row[1:]]
    assert cells.count("") == np.isnan(values).sum() > 0


@pytest.mark.parametrize("names", [("x", "x"), ("timestamp", "x"), ("x", " y")])
def test_names_that_would_be_read_as_others(tmp_path, names):
    with pytest.raises(ValueError, match=r"channel '.*' cannot be a column") as raised:
        write_series(tmp_path / "a.csv", series_of([[1, 2]], *names))
    assert "\n" not in str(raised.value) and not list(tmp_path.iterdir())


def test_what_would_not_be_read_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="past the year 9999"):
        write_series(tmp_path / "a.csv", series_of([[1]], "x", times=[1704067200000]))
    with pytest.raises(ValueError, match=r"interval 2, \[4, 3\], ends before it starts"):
        write_intervals(tmp_path / "a.json", [(1, 2), (4, 3)])
    with pytest.raises(ValueError, match="milliseconds"):
        write_intervals(tmp_path / "a.json", [(1, 1704067200000)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("write", [write_series, write_intervals])
def test_what_fails_midway_leaves_the_file_as_it_was(tmp_path, write):
    path = tmp_path / "a"
    path.write_text("before")
    broken = series_of([[1.0]], "\ud800") if write is write_series else [(1, 2), (3,)]
    with pytest.raises(ValueError):
        write(path, broken)
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "intervals", [[], [(5, 5)], [(1704067200, 1704067300), (-20, -10), (np.int64(3), np.int64(4))]]
)
def test_intervals_come_back_in_their_order(tmp_path, intervals):
    path = tmp_path / "known.json"
    write_intervals(path, intervals)
    assert json.loads(path.read_text()) == [list(map(int, pair)) for pair in intervals]
    found = read_intervals(path)
    assert found == intervals and all(type(end) is int for pair in found for end in pair)


def test_times_with_fractions_come_back(tmp_path):
    times = np.array([1396310400.25, 1396310401.0, 1396310401.123456])
    write_series(tmp_path / "a.csv", series_of([[1, 2]] * 3, "a", "b", times=times))
    np.testing.assert_array_equal(read_series(tmp_path / "a.csv").timestamps, times)
    write_intervals(tmp_path / "a.json", [(times[0], times[1])])
    assert read_intervals(tmp_path / "a.json") == [(1396310400.25, 1396310401)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[[1, 2]", "is not JSON"),
        ("\xff", "is not JSON"),
        ('{"a": [1, 2]}', "is not a list of intervals"),
        ("12", "is not a list of intervals"),
        ("[1, 2]", r"interval 1 of .* is 1; the form is \[\[start, end\], ...\] in epoch"),
        ("[[1, 2], [3]]", r"interval 2 of .* is \[3\]; the form"),
        ("[[1, 2, 3]]", "interval 1 .* the form"),
        ("[[1, Infinity]]", "interval 1 .* the form"),
        ("[[1, NaN]]", "interval 1 .* the form"),
        ("[[false, true]]", "interval 1 .* the form"),
        ('[["2024-01-01", "2024-01-02"]]', "interval 1 .* the form"),
        ("[[1, 2], [4, 3]]", r"interval 2 of .*, \[4, 3\], ends before it starts"),
        ("[[1704067200000, 1704067300000]]", "milliseconds"),
    ],
)
def test_intervals_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "known.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=message) as raised:
        read_intervals(path)
    assert "\n" not in str(raised.value) and str(path) in str(raised.value)


def test_intervals_of_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(ValueError, match="no file"):
            read_intervals(path)
