"""Segments, gaps and windows of a series."""

import numpy as np
import pytest

from tgan.anomaly.series.data.series import Series, aggregate_stream, check_interval, windows_of

RNG = np.random.default_rng(1)


def series(times, *channels):
    names = tuple("abc"[: len(channels)])
    return Series(np.array(times, np.int64), np.array(channels, np.float64).T, names)


def test_segments_are_half_open_and_start_at_the_first_sample():
    found = series([7, 16, 17, 26, 48], [1, 2, 4, 8, 16]).aggregate(10)
    assert found.timestamps.tolist() == [7, 17, 27, 37, 47]
    np.testing.assert_array_equal(found.values[:, 0], [1.5, 6, np.nan, np.nan, 16])


@pytest.mark.parametrize("seed", range(10))
def test_segments_against_a_loop(seed):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(-300, 5000, 200))  # With duplicates, and before 1970.
    values = np.where(rng.random((200, 2)) < 0.1, np.nan, rng.normal(size=(200, 2)))
    whole, interval = Series(times, values, ("a", "b")), int(rng.integers(1, 90))
    start, rows, starts = times[0], [], []
    while start <= times[-1]:
        part = values[(times >= start) & (times < start + interval)]
        rows.append(
            [col[~np.isnan(col)].mean() if (~np.isnan(col)).any() else np.nan for col in part.T]
        )
        starts.append(start)
        start += interval
    found = whole.aggregate(interval)
    np.testing.assert_allclose(found.values, rows, rtol=1e-12)
    assert found.timestamps.tolist() == starts and found.names == ("a", "b")


def test_samples_of_one_time_are_averaged():
    found = series([0, 5, 5, 10], [1, 2, 4, 8]).aggregate(5)
    assert found.values[:, 0].tolist() == [1, 3, 8]


def test_an_interval_that_cannot_be_meant():
    whole = series([0, 600_000, 1_200_000], [1, 2, 3])
    with pytest.raises(
        ValueError,
        match="1200001 segments of 3 samples; .* is 600000, the longest 6",
    ):
        whole.aggregate(1)
    for interval in (0, -5, 1e-7, np.nan, np.inf, True, "600", None):
        for refuses in (check_interval, whole.aggregate, lambda i: list(aggregate_stream([], i))):
            with pytest.raises(ValueError, match=f"interval of {interval} seconds is no number"):
                refuses(interval)
    for given, taken in ((np.int64(1), 1), (600.0, 600), (np.float32(0.5), 0.5), (1e-6, 1e-6)):
        found = check_interval(given)
        assert found == taken and type(found) is type(taken)
    assert len(whole.aggregate(600_000)) == 3


def test_the_median_step_is_at_least_one():
    assert series([0, 300, 600, 5000], [1] * 4).median_step == 300
    assert series([0, 0, 0, 300, 300, 300, 600], [1] * 7).median_step == 300
    assert series([4, 4, 4], [1] * 3).median_step == series([4], [1]).median_step == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "no samples"),
        (([0, 1], [1]), "values"),
        (([1, 0], [1, 1]), "sorted"),
        (([0, 1], [0, 0], [1, np.inf]), "channel 'b' has infinite"),
        (([0, 1],), "no channels"),
    ],
)
def test_a_series_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        series(*arguments)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int64])
def test_times_of_any_whole_numbers_are_compared_without_wrapping_around(kind):
    values = np.zeros((3, 1))
    with pytest.raises(ValueError, match="not sorted"):
        Series(np.array([0, 100, 3], kind), values, ("a",))
    times = np.array([0, 3, 127], kind) if kind != np.int8 else np.array([-128, 0, 127], kind)
    made = Series(times, values, ("a",))
    assert made.timestamps.dtype == np.int64 and made.timestamps.tolist() == times.tolist()
    assert made.median_step == int(np.median(np.diff(times.astype(int))))


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0.0, np.nan], "float64; finite seconds are needed"),
        ([0.0, np.inf], "finite seconds"),
        (["a", "b"], "finite seconds"),
        ([0, 1j], "complex128; finite seconds"),
        ([0.0, 1e300], "times of a series reach 1e\\+300 seconds"),
    ],
)
def test_times_are_finite_seconds(times, message):
    with pytest.raises(ValueError, match=message):
        Series(np.array(times), np.zeros((2, 1)), ("a",))


def test_whole_times_are_whole_numbers_whatever_their_type():
    made = Series(np.array([0.0, 2.0]), np.zeros((2, 1)), ("a",))
    assert made.timestamps.dtype == np.int64
    made = Series(np.float32([0.0, 2.5]), np.zeros((2, 1)), ("a",))
    assert made.timestamps.dtype == np.float64 and made.median_step == 2.5


def test_a_part_is_what_lies_from_one_place_to_another():
    whole = series([3, 5, 5, 9], [1, 2, 3, 4], [5, 6, 7, np.nan])
    part = whole.part(1, 3)
    assert part.timestamps.tolist() == [5, 5] and part.names == ("a", "b")
    assert part.values.tolist() == [[2, 6], [3, 7]]
    with pytest.raises(ValueError, match="no samples"):
        whole.part(2, 2)


def parts_of(whole, cuts):
    return (whole.part(*ends) for ends in zip([0, *cuts], [*cuts, len(whole)], strict=True))


def joined(parts):
    parts = list(parts)
    return [np.concatenate([getattr(p, name) for p in parts]) for name in ("timestamps", "values")]


@pytest.mark.parametrize(
    ("interval", "lead", "unit"),
    [(1, 0, 1), (7, 3, 1), (90, 0, 1), (6000, 30, 1), (7, 0.5, 0.1), (0.3, 0.15, 0.1)],
)
@pytest.mark.parametrize("seed", range(5))
def test_segments_of_parts_are_those_of_the_whole_bit_for_bit(seed, interval, lead, unit):
    rng = np.random.default_rng(seed)
    # Few times, so that many samples share one, also across two parts; gaps, and before 1970.
    times = np.sort(rng.integers(-300, 900, 400))
    times = times[(times < 200) | (times > 600)]
    values = np.where(rng.random((len(times), 2)) < 0.1, np.nan, rng.normal(size=(len(times), 2)))
    whole = Series(times * unit, values, ("a", "b"))
    expected = whole.aggregate(interval, lead=lead)
    middle = len(times) // 2
    for cuts in ([], [middle], sorted({*rng.integers(1, len(times), 9)}), range(1, len(times))):
        found = list(aggregate_stream(parts_of(whole, cuts), interval, lead=lead))
        times_found, values_found = joined(found)
        np.testing.assert_array_equal(times_found, expected.timestamps)
        np.testing.assert_array_equal(values_found, expected.values)
        assert {part.names for part in found} == {("a", "b")}


def test_segments_are_given_as_soon_as_a_later_one_has_begun():
    asked = []

    def parts():
        for time in range(0, 50, 5):
            asked.append(time)
            yield series([time, time + 1], [time, time])

    stream = aggregate_stream(parts(), 10)
    assert next(stream).timestamps.tolist() == [0] and asked == [0, 5, 10]
    assert next(stream).timestamps.tolist() == [10] and asked == [0, 5, 10, 15, 20]
    assert [part.timestamps.tolist() for part in stream] == [[20], [30], [40]]


def test_a_long_gap_is_never_in_memory_as_a_whole():
    stream = aggregate_stream([series([0, 1], [1, 2]), series([90_000, 90_001], [3, 4])], 1)
    sizes, known = [], {}
    for part in stream:
        sizes.append(len(part))
        rows = np.flatnonzero(~np.isnan(part.values[:, 0]))
        known |= dict(zip(part.timestamps[rows].tolist(), part.values[rows, 0], strict=True))
    assert known == {0: 1, 1: 2, 90_000: 3, 90_001: 4}
    assert sum(sizes) == 90_002 and max(sizes) <= 4096


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (series([8, 12], [1, 1]), "starts at 8 follows one that ends at 9"),
        (series([0, 5], [1, 1]), "starts at 0 follows one that ends at 9"),
        (series([9, 12], [1, 1], [1, 1]), "channels a, b follow a"),
        (series([10**9, 10**9 + 1], [1, 1]), "segments of the 4 samples so far"),
    ],
)
@pytest.mark.parametrize("interval", [1, 4])
def test_parts_that_do_not_follow_each_other_are_refused(second, message, interval):
    parts = [series([0, 9], [1, 1]), second]
    with pytest.raises(ValueError, match=message) as told:
        list(aggregate_stream(iter(parts), interval))
    assert "\n" not in str(told.value)


def test_windows_are_a_view_of_every_start():
    values = RNG.normal(size=(30, 2))
    found = windows_of(values, 7)
    assert found.shape == (24, 7, 2) and np.shares_memory(found, values)
    assert not found.flags.writeable
    for i in range(24):
        np.testing.assert_array_equal(found[i], values[i : i + 7])
    assert windows_of(values, 30).shape == (1, 30, 2)


def test_too_few_samples_for_a_window():
    with pytest.raises(ValueError, match="30 samples are too few for a window of 31"):
        windows_of(np.zeros((30, 1)), 31)
