"""Time series of several channels: samples, means over segments of equal length, windows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tgan._moved import moved_names
from tgan.anomaly.series.data.grid import Grid, check_interval, median_step

# Segments per sample beyond which the interval is taken for a mistake of units.
_MOST_SEGMENTS = 100
# Samples that a stream is credited with, so that it may begin with a gap.
_CREDIT = 1000
# Segments of a stream, such as those of a long gap, that are in memory at once.
_CHUNK = 4096

__getattr__ = moved_names(
    __name__,
    {
        "Scaler": "tgan.anomaly.series.data.scaling",
        "as_series": "tgan.anomaly.series.data.reading",
        "check_known": f"{__name__}:check_has_values",
    },
)


@dataclass(frozen=True, eq=False)
class Series:
    """Samples of one or more channels in order of time.

    Several samples may have the same time; `aggregate` averages them.

    Attributes:
        timestamps: (N,), epoch seconds, never falling: int64, or float64 where some have fractions.
        values: (N, C), float64; NaN where a value is missing.
        names: of the C channels.

    Raises:
        ValueError: no samples, shapes that do not fit, times that fall or are no finite numbers,
            or an infinite value.

    Example:
        >>> times = 1396310400 + 600 * np.arange(144)
        >>> series = Series(times, np.random.rand(144, 2), ("load", "heat"))
        >>> len(series.aggregate(3600))
        24
    """

    timestamps: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = self.values.shape
        if not len(self.timestamps):
            raise ValueError("a series has no samples")
        if not self.names:
            raise ValueError("a series has no channels")
        if shape != (len(self.timestamps), len(self.names)):
            raise ValueError(
                f"values {shape} of {len(self.timestamps)} times and {len(self.names)} channels"
            )
        object.__setattr__(self, "timestamps", _plain_times(self.timestamps))
        if (np.diff(self.timestamps) < 0).any():
            raise ValueError("times of a series are not sorted")
        infinite = np.isinf(self.values).any(0)
        if infinite.any():
            name = self.names[int(np.argmax(infinite))]
            raise ValueError(f"channel '{name}' has infinite values")

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def median_step(self) -> float:
        """Median time between two samples in seconds, those of one time left out; 1 without any."""
        return median_step(self.timestamps)

    def aggregate(self, interval: float, *, lead: float = 0) -> "Series":
        """Average samples over the segments [t0 + k I - lead, t0 + (k + 1) I - lead).

        The times of segments are t0 + k I. Missing values are left out of the means; a mean of
        nothing is NaN.

        Args:
            interval: I, seconds.
            lead: seconds, in [0, I / 2], see `Grid`; t0 is the first time, or for a whole interval
                a whole second near it.

        Raises:
            ValueError: an interval below a microsecond, or one so short that more than 99 of 100
                segments would be empty.
        """
        interval = check_interval(interval)
        grid = Grid.from_first(self.timestamps[0], interval, lead)
        count = grid.number(self.timestamps[-1]) + 1
        if count > _MOST_SEGMENTS * len(self):
            raise ValueError(
                f"an interval of {interval} seconds makes {count} segments of {len(self)} "
                f"samples; their median step is {self.median_step}, "
                f"the longest {np.diff(self.timestamps).max():.10g}"
            )
        return _means(self, grid, first=0, count=count)

    def part(self, first: int, last: int) -> "Series":
        """Take the samples from place `first` up to, but without, `last`."""
        return Series(self.timestamps[first:last], self.values[first:last], self.names)


def aggregate_stream(
    chunks: Iterable[Series], interval: float, *, lead: float = 0
) -> Iterator[Series]:
    """Average consecutive parts of a series as `Series.aggregate` does; memory holds one part.

    Yields:
        segments, as soon as a later one has begun, at most 4096 at once.

    Raises:
        ValueError: an interval below a microsecond, other channels, a part that starts before the
            end of the previous one, or gaps after which more than 99 of 100 segments so far are
            empty (only from 100,000 segments on, since a series may begin with a gap).
    """
    interval = check_interval(interval)
    held, first, samples = None, 0, 0
    for chunk in chunks:
        if held is None:
            held, grid = chunk, Grid.from_first(chunk.timestamps[0], interval, lead)
        else:
            held = _joined(held, chunk)
        # The last segment may go on in the next part.
        end, samples = grid.number(held.timestamps[-1]), samples + len(chunk)
        if end >= _MOST_SEGMENTS * max(samples, _CREDIT):
            raise ValueError(
                f"an interval of {interval} seconds makes {end + 1} segments of the {samples} "
                f"samples so far; the median step is {chunk.median_step}"
            )
        place = int(np.searchsorted(grid.numbers(held.timestamps), end))
        if end > first:
            yield from _segments(held.part(0, place), grid, first, end)
        held, first = held.part(place, len(held)), end
    if held is not None:
        yield from _segments(held, grid, first, first + 1)


def _segments(series: Series, grid: Grid, start: int, end: int) -> Iterator[Series]:
    """Yield means over the segments from `start` to `end`, few at once: a gap fits in memory."""
    numbers = grid.numbers(series.timestamps)
    for first in range(start, end, _CHUNK):
        count = min(_CHUNK, end - first)
        low, high = np.searchsorted(numbers, [first, first + count])
        yield _means(series, grid, first=first, count=count, places=slice(low, high))


def _means(
    series: Series, grid: Grid, *, first: int, count: int, places: slice = slice(None)
) -> Series:
    """Average the samples at `places` over `count` segments, in which all of them lie."""
    numbers = grid.numbers(series.timestamps[places]) - first
    means = np.full((count, len(series.names)), np.nan)
    for channel, column in enumerate(series.values[places].T):
        present = ~np.isnan(column)
        sizes = np.bincount(numbers[present], minlength=count)
        sums = np.bincount(numbers[present], column[present], minlength=count)
        np.divide(sums, sizes, out=means[:, channel], where=sizes > 0)
    return Series(grid.times(first, count), means, series.names)


def _joined(before: Series, after: Series) -> Series:
    if before.names != after.names:
        raise ValueError(f"channels {', '.join(after.names)} follow {', '.join(before.names)}")
    if after.timestamps[0] < before.timestamps[-1]:
        raise ValueError(
            f"a part that starts at {after.timestamps[0]} follows one that ends at "
            f"{before.timestamps[-1]}"
        )
    times = np.concatenate([before.timestamps, after.timestamps])
    return Series(times, np.concatenate([before.values, after.values]), before.names)


def segments_of(series: Series, interval: float, *, lead: float = 0) -> Series:
    """Average a series over segments, and refuse intervals that cannot be meant.

    Args:
        interval: seconds.
        lead: as of `Series.aggregate`.

    Raises:
        ValueError: a channel without values, samples at one time only, or an interval that is
            much too short or longer than the series.
    """
    check_has_values(series)
    span = series.timestamps[-1] - series.timestamps[0]
    if not span:
        raise ValueError(f"the series has samples at one time only ({series.timestamps[0]})")
    if interval > span:
        raise ValueError(
            f"an interval of {interval} seconds is longer than the series; "
            f"its first and its last sample are {span} apart"
        )
    return series.aggregate(interval, lead=lead)


def _plain_times(times: np.ndarray) -> np.ndarray:
    """Return times as int64, or as float64 where some have fractions of a second."""
    if np.issubdtype(times.dtype, np.integer):
        # Differences of unsigned or narrow numbers would wrap around.
        return times.astype(np.int64, copy=False)
    if not np.issubdtype(times.dtype, np.floating) or not np.isfinite(times).all():
        raise ValueError(f"times of a series are {times.dtype}; finite seconds are needed")
    if (abs(times) >= 2.0**53).any():
        raise ValueError(f"times of a series reach {abs(times).max():.3g} seconds")
    return times.astype(np.int64 if (times == np.floor(times)).all() else np.float64)


def one_after_another(several: Sequence[Series]) -> Series:
    """Put series of the same channels one after another, a sample a second."""
    if len(several) == 1:
        return several[0]
    values = np.concatenate([one.values for one in several])
    return Series(np.arange(len(values)), values, several[0].names)


def check_channels(series: Series, names: tuple[str, ...]) -> None:
    """Raise a ValueError unless a series has the channels that a detector was fitted on."""
    if series.names != names:
        raise ValueError(f"a series of {', '.join(series.names)}; fitted on {', '.join(names)}")


def check_has_values(series: Series) -> None:
    """Raise a ValueError if a channel has no value at all."""
    without = np.isnan(series.values).all(0)
    if without.any():
        raise ValueError(f"channel '{series.names[int(np.argmax(without))]}' has no values")


def windows_of(values: np.ndarray, length: int) -> np.ndarray:
    """View values (N, C) as all of their windows: (N - W + 1, W, C), read-only.

    Args:
        length: W.

    Raises:
        ValueError: fewer samples than a window has.
    """
    if length < 1:
        raise ValueError(f"windows of {length} samples; the shortest have 1")
    if len(values) < length:
        raise ValueError(f"{len(values)} samples are too few for a window of {length}")
    # The view has time last: (n, C, W).
    return np.swapaxes(sliding_window_view(values, length, axis=0), 1, 2)
