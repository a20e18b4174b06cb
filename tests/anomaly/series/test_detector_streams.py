"""Streams of a detector against its scores of the whole series."""

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from tests.made.detectors import (
    HIDDEN,
    INTERVAL,
    SETTINGS,
    WINDOW,
    fitted,
    irregular,
    rescored,
)
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.scoring.intervals import Threshold, intervals_above
from tgan.anomaly.series.scoring.scores import Scores


def parts_of(series, cuts):
    return [series.part(*ends) for ends in zip([0, *cuts], [*cuts, len(series)], strict=True)]


def assert_equal(parts, whole):
    """Streamed parts are the whole up to the rounding of networks in batches of other sizes."""
    parts = list(parts)
    assert all(isinstance(part, Scores) and len(part.series) for part in parts)
    for name in ("timestamps", "values"):
        joined = np.concatenate([getattr(part.series, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole.series, name))
    for name in ("reconstruction", "critic", "scores"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(joined, getattr(whole, name), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("hidden", "channels"), [(0, 1), (HIDDEN, 2)])
@pytest.mark.parametrize("size", [1, 7, 100, 10**6])
def test_a_stream_has_the_scores_of_the_whole(hidden, channels, size):
    detector = fitted(hidden, channels, smoothing=6)
    series = irregular(channels, count=250, seed=2)
    # Times that several samples share fall on both sides of a cut.
    cuts = range(size, len(series), size)
    if size == 7:
        same = [c for c in cuts if series.timestamps[c] == series.timestamps[c - 1]]
        assert len(same) > 3 and np.isnan(series.values).any()
        assert np.diff(series.timestamps).max() > 3 * INTERVAL
    whole = detector.score(series, reference="training")
    assert_equal(detector.stream(iter(parts_of(series, cuts))), whole)


@pytest.mark.parametrize("size", [1, 20, 100, 10**6])
def test_intervals_of_a_stream_are_those_of_the_whole(size):
    detector, series = rescored(fitted(HIDDEN), threshold=Threshold(padding=1)), irregular(seed=1)
    scores = detector.score(series, reference="training").scores
    detector.level_ = float(np.quantile(scores, 0.7))
    whole = detector.detect(series, reference="training")
    assert len(whole) > 3
    parts = parts_of(series, range(size, len(series), size))
    assert list(detector.detect_stream(parts)) == whole
    # A part knows what its scores go by.
    first = next(detector.stream(parts))
    times, level = first.series.timestamps, detector.level_
    expected = intervals_above(first.scores, times, level=level, padding=1)
    assert detector.intervals_of(first) == expected


def test_errors_of_whole_series_have_no_stream():
    detector = fitted(0, error="dtw_orion")
    scores = detector.score(irregular(), reference="training").scores
    errors = detector.reconstruct(irregular()).errors
    last = len(scores)
    assert np.flatnonzero(errors == 0).tolist() == [*range(5), *range(last - 6, last)]
    for call in (detector.stream, detector.detect_stream):
        with pytest.raises(ValueError, match="'dtw_orion' depend .* choose from point, area, dtw"):
            call([irregular()])


def test_a_stream_of_arrays_goes_on_where_the_last_one_ended():
    values = np.random.default_rng(0).normal(size=(150, 2))
    detector = TadGANDetector(replace(SETTINGS, hidden=HIDDEN)).fit(values)
    assert detector.interval_ == 1 and detector.names_ == ("channel0", "channel1")
    whole = detector.score(values, reference="training")
    assert whole.series.timestamps.tolist() == list(range(150))
    assert_equal(detector.stream([values[:40], values[40:41], values[41:]]), whole)


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_a_stream_tells_as_soon_as_it_can(hidden):
    detector = fitted(hidden, smoothing=4)
    given = 0

    def parts():
        nonlocal given
        for place in range(100):
            given += 1
            time = np.array([place * INTERVAL])
            yield Series(time, np.sin(time / 20)[:, None] * 3 + 10, ("a",))

    told = 0
    for part in detector.stream(parts()):
        told += len(part.series)
        if given < 100:
            # A segment waits for its own end, its last window, errors and smoothing.
            assert told == max(0, given - 1 - (WINDOW - 1) - 5 - 1)
    assert told == 100


def test_a_stream_does_not_grow_in_memory():
    detector = fitted(HIDDEN)
    batches = []

    def parts(count):
        for start in range(0, count, 50):
            times = INTERVAL * np.arange(start, min(start + 50, count), dtype=np.int64)
            gc.collect(1)  # Or what is measured depends on when it runs.
            yield Series(times, np.sin(times / 30)[:, None] * 3 + 10, ("a",))

    hooks = [
        detector.networks_[name].register_forward_pre_hook(lambda _, x: batches.append(len(x[0])))
        for name in ("encoder", "window_critic")
    ]
    peaks = []
    try:
        for count in (300, 1500):
            batches.clear()
            tracemalloc.start()
            assert sum(len(part.series) for part in detector.stream(parts(count))) == count
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert max(batches) <= 50 + WINDOW
            assert sum(batches) == 2 * (count - WINDOW + 1)
    finally:
        for hook in hooks:
            hook.remove()
    assert peaks[1] < 1.3 * peaks[0]


def test_parts_that_do_not_follow_each_other_are_refused():
    detector, series = fitted(0), irregular(seed=2)
    first, second = parts_of(series, [300])
    overlapping = Series(series.timestamps[250:], series.values[250:], series.names)
    for parts in ([second, first], [first, overlapping]):
        with pytest.raises(ValueError, match="a part that starts at .* follows one that ends"):
            list(detector.stream(parts))
    other = Series(second.timestamps, second.values, ("b",))
    with pytest.raises(ValueError, match="a series of b; fitted on a"):
        list(detector.stream([first, other]))


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_a_stream_that_is_too_short(hidden):
    least, detector = WINDOW, fitted(hidden)

    def parts(count):
        times = INTERVAL * np.arange(count, dtype=np.int64)
        return parts_of(Series(times, 10 + np.sin(times)[:, None], ("a",)), range(1, count))

    with pytest.raises(ValueError, match=f"{least - 1} segments .* at least {least} are needed"):
        list(detector.stream(parts(least - 1)))
    with pytest.raises(ValueError, match=f"0 segments .* at least {least} are needed"):
        list(detector.stream([]))
    assert sum(len(part.series) for part in detector.stream(parts(least))) == least
