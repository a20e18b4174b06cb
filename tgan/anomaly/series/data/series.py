"""Time series of several channels: samples, means over segments of equal length, windows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tgan._moved import moved_names

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
        timestamps: (N,), int64, epoch seconds, never falling.
        values: (N, C), float64; NaN where a value is missing.
        names: of the C channels.

    Raises:
        ValueError: no samples, shapes that do not fit, times that fall or are no whole numbers,
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
        if not np.issubdtype(self.timestamps.dtype, np.integer):
            raise ValueError(
                f"times of a series are {self.timestamps.dtype}; whole seconds are needed"
            )
        # Differences of unsigned or narrow numbers would wrap around.
        object.__setattr__(self, "timestamps", self.timestamps.astype(np.int64, copy=False))
        if (np.diff(self.timestamps) < 0).any():
            raise ValueError("times of a series are not sorted")
        infinite = np.isinf(self.values).any(0)
        if infinite.any():
            name = self.names[int(np.argmax(infinite))]
            raise ValueError(f"channel '{name}' has infinite values")

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def median_step(self) -> int:
        """Median time between two samples in seconds, those of one time left out; 1 without any."""
        steps = np.diff(self.timestamps)
        steps = steps[steps > 0]
        return int(np.median(steps)) if len(steps) else 1

    def aggregate(self, interval: int) -> "Series":
        """Average samples over the segments [t0 + k I, t0 + (k + 1) I); their starts are the times.

        Missing values are left out of the means; a mean of nothing is NaN.

        Args:
            interval: I, seconds.

        Raises:
            ValueError: an interval below 1, or one so short that more than 99 of 100 segments
                would be empty.
        """
        check_interval(interval)
        start = int(self.timestamps[0])
        count = (int(self.timestamps[-1]) - start) // interval + 1
        if count > _MOST_SEGMENTS * len(self):
            raise ValueError(
                f"an interval of {interval} seconds makes {count} segments of {len(self)} "
                f"samples; their median step is {self.median_step}, "
                f"the longest {np.diff(self.timestamps).max()}"
            )
        samples = self.timestamps, self.values, self.names
        return _means(*samples, start=start, count=count, interval=interval)

    def part(self, first: int, last: int) -> "Series":
        """Take the samples from place `first` up to, but without, `last`."""
        return Series(self.timestamps[first:last], self.values[first:last], self.names)


def check_interval(interval: int) -> None:
    """Raise a ValueError unless an interval is a whole number of seconds from 1."""
    if not isinstance(interval, int | np.integer) or interval < 1:
        raise ValueError(f"an interval of {interval} seconds is no whole number from 1")


def aggregate_stream(chunks: Iterable[Series], interval: int) -> Iterator[Series]:
    """Average consecutive parts of a series as `Series.aggregate` does; memory holds one part.

    Yields:
        segments, as soon as a later one has begun, at most 4096 at once.

    Raises:
        ValueError: an interval below 1, other channels, a part that starts before the end of the
            previous one, or gaps after which more than 99 of 100 segments so far are empty (only
            from 100,000 segments on, since a series may begin with a gap).
    """
    check_interval(interval)
    held, start, samples, segments = None, 0, 0, 1
    for chunk in chunks:
        joined = chunk if held is None else _joined(held, chunk)
        if held is None:
            start = int(joined.timestamps[0])
        count = (int(joined.timestamps[-1]) - start) // interval
        samples, segments = samples + len(chunk), segments + count
        if segments > _MOST_SEGMENTS * max(samples, _CREDIT):
            raise ValueError(
                f"an interval of {interval} seconds makes {segments} segments of the {samples} "
                f"samples so far; the median step is {chunk.median_step}"
            )
        end = start + count * interval
        place = int(np.searchsorted(joined.timestamps, end))
        if count:
            yield from _segments(joined.part(0, place), start, count, interval)
        held, start = joined.part(place, len(joined)), end
    if held is not None:
        yield from _segments(held, start, 1, interval)


def _segments(series: Series, start: int, count: int, interval: int) -> Iterator[Series]:
    """Yield means over the segments from `start` on, few at once, so that a gap fits in memory."""
    for first in range(start, start + count * interval, _CHUNK * interval):
        size = min(_CHUNK, count - (first - start) // interval)
        low, high = np.searchsorted(series.timestamps, [first, first + size * interval])
        times, values = series.timestamps[low:high], series.values[low:high]
        yield _means(times, values, series.names, start=first, count=size, interval=interval)


def _means(
    timestamps: np.ndarray,
    values: np.ndarray,
    names: tuple[str, ...],
    *,
    start: int,
    count: int,
    interval: int,
) -> Series:
    """Average samples (N, C) over `count` segments from `start` on, in which all of them lie."""
    places = (timestamps - start) // interval
    means = np.full((count, len(names)), np.nan)
    for channel, column in enumerate(values.T):
        present = ~np.isnan(column)
        sizes = np.bincount(places[present], minlength=count)
        sums = np.bincount(places[present], column[present], minlength=count)
        np.divide(sums, sizes, out=means[:, channel], where=sizes > 0)
    return Series(start + interval * np.arange(count, dtype=np.int64), means, names)


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


def segments_of(series: Series, interval: int) -> Series:
    """Average a series over segments, and refuse intervals that cannot be meant.

    Args:
        interval: seconds.

    Raises:
        ValueError: a channel without values, samples at one time only, or an interval that is
            much too short or longer than the series.
    """
    check_has_values(series)
    span = int(series.timestamps[-1] - series.timestamps[0])
    if not span:
        raise ValueError(f"the series has samples at one time only ({series.timestamps[0]})")
    if interval > span:
        raise ValueError(
            f"an interval of {interval} seconds is longer than the series; "
            f"its first and its last sample are {span} apart"
        )
    return series.aggregate(interval)


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
