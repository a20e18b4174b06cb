"""Series out of CSV files."""

import time

import numpy as np
import pytest

from tgan.tadgan.reading import read_series


@pytest.fixture
def write(tmp_path):
    def write(*lines, encoding="utf-8"):
        path = tmp_path / "series.csv"
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


@pytest.fixture
def in_tokyo():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def test_columns_by_default_and_by_name(write):
    path = write("a,timestamp, b ", "1,100,2", "3,200,4")
    found = read_series(path)
    assert found.timestamps.tolist() == [100, 200] and found.timestamps.dtype == np.int64
    assert found.names == ("a", "b") and found.values.tolist() == [[1, 2], [3, 4]]
    found = read_series(path, timestamp="a", values=["b", "timestamp"])
    assert found.timestamps.tolist() == [1, 3] and found.values.tolist() == [[2, 100], [4, 200]]
    assert read_series(write("when,x", "5,1")).timestamps.tolist() == [5]


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("1396310400", 1396310400),
        ("1396310400.9", 1396310400),
        ("1.3963104e9", 1396310400),
        ("-10", -10),
        ("2014-04-01 00:00:00", 1396310400),
        ("2014-04-01", 1396310400),
        ("2014-04-01T00:00:00.900", 1396310400),
        ("2014-04-01T00:00:00Z", 1396310400),
        ("2014-04-01T02:00:00+02:00", 1396310400),
        ("1969-12-31 23:59:58.500", -2),
    ],
)
@pytest.mark.usefixtures("in_tokyo")
def test_times(write, cell, seconds):
    assert read_series(write("timestamp,x", f"{cell},1")).timestamps.tolist() == [seconds]


def test_missing_values_and_a_byte_order_mark(write):
    lines = ["timestamp,x", "1,", "2,NaN", "", "3,null", "4, 1e3 "]
    found = read_series(write(*lines, encoding="utf-8-sig")).values[:, 0]
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 1000])


def test_unsorted_rows_are_sorted_with_a_warning_and_duplicates_kept_in_order(write):
    rows = [f"{2 - k % 2},{k}" for k in range(100)]
    path = write("timestamp,x", *rows)
    with pytest.warns(UserWarning, match=r"series.csv' are not in order of time; sorted"):
        found = read_series(path)
    assert found.timestamps.tolist() == [1] * 50 + [2] * 50
    assert found.values[:, 0].tolist() == [*range(1, 100, 2), *range(0, 100, 2)]
    assert found.aggregate(1).values[:, 0].tolist() == [50, 49]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "has no header"),
        (["timestamp,x"], "has no rows"),
        (["timestamp", "1"], "no column of values"),
        (["timestamp,x,x", "1,2,3"], "2 columns 'x'"),
        (["timestamp,x", "1,2,3"], "line 2 .* has 3 cells; the header has 2"),
        (["timestamp,x", "1,two"], "line 2 .*'two' is not a number"),
        (["timestamp,x", "1,2", "2,inf"], "line 3 .*'inf' is not finite"),
        (["timestamp,x", "1,2", "2014-01-01,3"], "line 3 .*'2014-01-01' is not a time like '1'"),
        (["timestamp,x", "yesterday,3"], "'yesterday' is not a time"),
        (["timestamp,x", "nan,3"], "'nan' is not a time"),
        (["timestamp,x", "1,2", ",3"], "line 3 .*'' is not a time"),
        (["timestamp,x", "1396310400000,3"], "milliseconds"),
        (["timestamp,x", f"1{'0' * 30},3"], "is not a time"),
    ],
)
def test_what_cannot_be_read(write, lines, message):
    with pytest.raises(ValueError, match=message) as raised:
        read_series(write(*lines))
    assert "\n" not in str(raised.value)


def test_columns_that_are_not_there(write, tmp_path):
    path = write("timestamp,value", "1,2")
    with pytest.raises(ValueError, match=r"no column 'valeu' \(did you mean 'value'\?\); choose"):
        read_series(path, values=["valeu"])
    with pytest.raises(ValueError, match="not all different"):
        read_series(path, values=["value", "value"])
    with pytest.raises(ValueError, match="no file"):
        read_series(tmp_path / "none.csv")
    path.write_bytes(b"timestamp,value\n1,\xff\n")
    with pytest.raises(ValueError, match="is not a CSV"):
        read_series(path)


@pytest.mark.parametrize(
    ("name", "rows", "first", "duplicates"),
    [
        ("realAdExchange/exchange-2_cpc_results", 1624, 1309478401, 1),
        ("realTraffic/speed_7578", 1127, 1441712340, 0),
        ("realAWSCloudwatch/ec2_network_in_5abac7", 4730, 1393695360, 11),
    ],
)
def test_real_files(shared, name, rows, first, duplicates):
    # Rows and duplicates from the data's own index; first times from GNU date.
    found = read_series(shared(f"datasets/nab/data/{name}.csv"))
    assert len(found) == rows and found.names == ("value",)
    assert found.timestamps[0] == first and (np.diff(found.timestamps) == 0).sum() == duplicates
    assert not np.isnan(found.values).any()
