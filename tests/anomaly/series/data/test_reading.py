"""Series from CSV files and from arrays."""

import time

import numpy as np
import pytest
import torch

from tgan.anomaly.series.data.reading import as_series, as_several, read_channels, read_series


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
        ("1396310400.9", 1396310400.9),
        ("1.3963104e9", 1396310400),
        ("-10", -10),
        ("2014-04-01 00:00:00", 1396310400),
        ("2014-04-01", 1396310400),
        ("2014-04-01T00:00:00.900", 1396310400.9),
        ("2014-04-01T00:00:00Z", 1396310400),
        ("2014-04-01T02:00:00+02:00", 1396310400),
        ("1969-12-31 23:59:58.500", -1.5),
    ],
)
@pytest.mark.usefixtures("in_tokyo")
def test_times(write, cell, seconds):
    assert read_series(write("timestamp,x", f"{cell},1")).timestamps.tolist() == [seconds]


@pytest.mark.filterwarnings("error")
def test_fractions_of_seconds_are_kept(write):
    found = read_series(write("timestamp,x", *[f"{1396310400 + k / 100},{k}" for k in range(500)]))
    np.testing.assert_allclose(np.diff(found.timestamps), 0.01, rtol=1e-4)
    assert found.median_step == 0.01


def test_a_column_without_a_name_is_no_channel(write):
    path = write(",timestamp,x", "0,10,5", "1,11,6")
    with pytest.warns(UserWarning, match="a column of .* has no name and is left out"):
        assert read_series(path).names == ("x",)
    # But it may be that of times, as data frames write theirs.
    found = read_series(write(",x", "10,5", "11,6"))
    assert found.names == ("x",) and found.timestamps.tolist() == [10, 11]


def test_missing_values_and_a_byte_order_mark(write):
    lines = ["timestamp,x", "1,", "2,NaN", "", "3,null", "4, 1e3 "]
    found = read_series(write(*lines, encoding="utf-8-sig")).values[:, 0]
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 1000])


@pytest.mark.parametrize(("sensors", "told"), [("ab", True), ("a", False)])
def test_rows_of_several_sensors_are_told(write, recwarn, sensors, told):
    rows = [f"{60 * k},{sensor},{k}" for k in range(50) for sensor in sensors]
    # As a clock that is set back: some times are there twice, and that is all.
    path = write("timestamp,sensor,x", *rows, *[f"{60 * k},a,0" for k in (47, 48, 49)])
    read_series(path, values=["x"])
    lines = [str(w.message) for w in recwarn if "of the row before" in str(w.message)]
    assert [line.partition(" of '")[0] for line in lines] == ["53 of 103 rows"] * told


def test_unsorted_rows_are_sorted_with_a_warning_and_duplicates_kept_in_order(write):
    rows = [f"{2 - k % 2},{k}" for k in range(100)]
    path = write("timestamp,x", *rows)
    with (
        pytest.warns(UserWarning, match=r"series.csv' are not in order of time; sorted"),
        pytest.warns(UserWarning, match="98 of 100 rows of .*series.csv' have the time of"),
    ):
        found = read_series(path)
    assert found.timestamps.tolist() == [1] * 50 + [2] * 50
    assert found.values[:, 0].tolist() == [*range(1, 100, 2), *range(0, 100, 2)]
    assert found.aggregate(1).values[:, 0].tolist() == [50, 49]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "has no header"),
        (["timestamp,x"], "has no rows"),
        (["timestamp", "1"], "no column of values beside 'timestamp'$"),
        (["1,2", "2,3"], "line 1 of .* looks like samples, or like names that are numbers"),
        (["timestamp,x,x", "1,2,3"], "2 columns 'x'"),
        (["timestamp,x", "1,2,3"], "line 2 .* has 3 cells; the header has 2"),
        (
            ["timestamp,x", "1,two"],
            "line 2 .*, column 'x': 'two' is not a number; name the columns",
        ),
        (["timestamp,x", "1,2", "2,inf"], "line 3 .*'inf' is not finite"),
        (
            ["timestamp,x", "1,2", "2014-01-01,3"],
            "line 3 .*'2014-01-01' is not a time; .* are, and '1' .* is a number",
        ),
        (
            ["timestamp,x", "yesterday,3"],
            r"'yesterday' is not a time; epoch seconds \(1396310400\) or dates .* are$",
        ),
        (["timestamp,x", "nan,3"], "'nan' is not a time"),
        (["timestamp,x", "1,2", ",3"], "line 3 .*'' is not a time"),
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
    for values in (["value", "value"], ["value", "timestamp", "timestamp"]):
        with pytest.raises(ValueError, match=f"'{values[-1]}' is named twice"):
            read_series(path, values=values)
    with pytest.raises(ValueError, match="is a folder; name a CSV"):
        read_series(tmp_path)
    with pytest.raises(ValueError, match="no file"):
        read_series(tmp_path / "none.csv")
    path.write_bytes(b"timestamp,value\n1,\0\n")
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


def test_columns_are_taken_by_name_or_in_order(write):
    path = write("timestamp,a,b", "0,1,2", "1,3,4")
    plain = read_channels(["a", "b"], path)
    turned = read_channels(["a", "b"], path, values=["b", "a"])
    np.testing.assert_array_equal(plain.values, turned.values)
    other = read_channels(["x", "y"], path, values=["b", "a"])
    assert other.names == ("x", "y")
    np.testing.assert_array_equal(other.values, plain.values[:, ::-1])


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 2)])
def test_arrays_are_series_of_a_sample_a_second(shape):
    values = np.random.default_rng(0).normal(size=shape)
    found = as_series(values, start=7)
    assert found.timestamps.tolist() == [7, 8, 9, 10, 11] and found.median_step == 1
    np.testing.assert_array_equal(found.values, values.reshape(5, -1))
    assert found.names == ("channel0", "channel1")[: found.values.shape[1]]
    assert as_series(found) is found
    assert as_series(values.tolist()).timestamps[0] == 0
    # Whole numbers too are numbers that may be missing.
    assert as_series(np.arange(3)).values.dtype == np.float64


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((), r"of shape \(\)"),
        ((2, 3, 4), r"of shape \(2, 3, 4\)"),
        ((0,), "has no samples"),
        ((0, 2), "has no samples"),
        ((3, 0), "has no channels"),
    ],
)
def test_arrays_that_are_no_series(shape, message):
    with pytest.raises(ValueError, match=message):
        as_series(np.zeros(shape))


def test_a_path_is_read_and_other_arrays_are_converted(write):
    path = write("timestamp,a,b", "0,1,2", "60,3,4")
    for given in (path, str(path)):
        found = as_series(given)
        assert found.names == ("a", "b") and found.timestamps.tolist() == [0, 60]
    for given in (torch.tensor([1, 2]), np.array([True, False]), np.float16([1, 2]), (1, 2)):
        found = as_series(given)
        assert found.values.shape == (2, 1) and found.values.dtype == np.float64


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (["a", "b"], "samples of type <U1; real numbers are needed"),
        (np.array([1, None]), "samples of type object; real numbers"),
        (np.array([1j]), "samples of type complex128; real numbers"),
        (np.array(["2024-01-01"], "datetime64[D]"), "samples of type datetime64"),
        ([[1, 2], [3]], "samples are a list that is no array"),
        ({"a": [1]}, "samples of type object"),
        (np.array([1.0, np.inf]), "channel 'channel0' has infinite values"),
    ],
)
def test_samples_that_are_no_real_numbers_are_refused(samples, message):
    with pytest.raises(ValueError, match=message) as told:
        as_series(samples)
    assert "\n" not in str(told.value)


def test_several_series_are_a_list_of_series_or_of_paths(write):
    path = write("timestamp,a", "0,1", "60,3")
    one = read_series(path)
    assert [len(found) for found in as_several([one, path, str(path)])] == [2, 2, 2]
    assert as_several(one) == [one]
    # A list of numbers is one series.
    for given, shape in (([1, 2, 3], (3, 1)), ([[1, 2], [3, 4], [5, 6]], (3, 2))):
        [found] = as_several(given)
        assert found.values.shape == shape
    with pytest.raises(ValueError, match="has no samples"):
        as_several([])
    other = read_series(write("timestamp,b", "0,1"))
    with pytest.raises(ValueError, match="a series of b beside one of a"):
        as_several([one, other])
