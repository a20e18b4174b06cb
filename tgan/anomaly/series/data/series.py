"""A time series on its way to windows: segments of equal length, imputation, scaling.

Source: Geiger et al. 2020, section V; numbers as in Orion's pipeline `tadgan`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# Segments per sample beyond which the interval is taken for a mistake of units.
_MOST_SEGMENTS = 100
# Samples that a stream is given credit for, so that it may begin with a gap.
_CREDIT = 1000
# Segments of a stream, such as those of a long gap, that are in memory at once.
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Series:
    """Samples of one or more channels in order of time.

    Two samples may have the same time; `aggregate` averages them.

    Attributes:
        timestamps: (N,), int64, epoch seconds, never falling.
        values: (N, C), float64; NaN where a value is missing.
        names: of the C channels.

    Raises:
        ValueError: no samples, shapes that do not fit, times that fall or are no whole numbers,
            or an infinite value.
    """

    timestamps: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = self.values.shape
        if not len(self.timestamps):
            raise ValueError("a series without samples")
        if not self.names:
            raise ValueError("a series without channels")
        if shape != (len(self.timestamps), len(self.names)):
            raise ValueError(
                f"values {shape} of {len(self.timestamps)} times and {len(self.names)} channels"
            )
        if not np.issubdtype(self.timestamps.dtype, np.integer):
            raise ValueError(
                f"the times of a series are whole seconds, and not {self.timestamps.dtype}"
            )
        # Differences of unsigned or narrow numbers would wrap around.
        object.__setattr__(self, "timestamps", self.timestamps.astype(np.int64, copy=False))
        if (np.diff(self.timestamps) < 0).any():
            raise ValueError("the times of a series have to be sorted")
        infinite = np.isinf(self.values).any(0)
        if infinite.any():
            name = self.names[int(np.argmax(infinite))]
            raise ValueError(f"channel '{name}' has infinite values")

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def median_step(self) -> int:
        """The median time between two samples in seconds, leaving out those of one time; or 1."""
        steps = np.diff(self.timestamps)
        steps = steps[steps > 0]
        return int(np.median(steps)) if len(steps) else 1

    def aggregate(self, interval: int) -> "Series":
        """Means over the segments [t0 + k I, t0 + (k + 1) I), with the start as their time.

        Missing values are left out of the means; where nothing is left the mean is NaN.

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
        """The samples from place `first` up to and without `last`."""
        return Series(self.timestamps[first:last], self.values[first:last], self.names)


def as_series(samples: "Series | np.ndarray", *, start: int = 0) -> Series:
    """A series, or samples (N,) or (N, C) at times `start`, `start` + 1, ... as one.

    Raises:
        ValueError: an array of other dimensions, without samples, or with infinite values.
    """
    if isinstance(samples, Series):
        return samples
    values = np.asarray(samples, np.float64)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ValueError(f"samples of shape {values.shape}; (N,) or (N, channels) are needed")
    names = tuple(f"channel{number}" for number in range(values.shape[1]))
    return Series(np.arange(start, start + len(values), dtype=np.int64), values, names)


def check_interval(interval: int) -> None:
    """Raise a ValueError for an interval that is no whole number of seconds from 1."""
    if not isinstance(interval, int | np.integer) or interval < 1:
        raise ValueError(f"an interval of {interval} seconds is no whole number from 1")


def aggregate_stream(chunks: Iterable[Series], interval: int) -> Iterator[Series]:
    """As `Series.aggregate`, from consecutive parts of a series, in memory for one of them.

    Yields:
        segments, as soon as a later one has begun, at most 4096 at once.

    Raises:
        ValueError: an interval below 1, other channels, a part that starts before the end of the
            one before it, or gaps after which more than 99 of 100 segments so far are empty; this
            counts from 100,000 segments on, since a series may begin with a gap.
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
    """Means over the segments from `start` on, so few at once that a gap fits into memory."""
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
    """Means of samples (N, C) over `count` segments from `start` on, which all of them lie in."""
    places = (timestamps - start) // interval
    means = np.full((count, len(names)), np.nan)
    for channel, column in enumerate(values.T):
        known = ~np.isnan(column)
        sizes = np.bincount(places[known], minlength=count)
        sums = np.bincount(places[known], column[known], minlength=count)
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


def check_known(series: Series) -> None:
    """Raise a ValueError for a channel without any value."""
    without = np.isnan(series.values).all(0)
    if without.any():
        raise ValueError(f"channel '{series.names[int(np.argmax(without))]}' has no values")


@dataclass(frozen=True, eq=False)
class Scaler:
    """Fills gaps with means and maps the range of each channel to [-1, 1].

    Attributes:
        means, minima, maxima: (C,), of the training part. Values outside its range are mapped
            outside [-1, 1]. A channel that is constant there is shifted to 0 and not stretched.
    """

    means: np.ndarray
    minima: np.ndarray
    maxima: np.ndarray

    @classmethod
    def fit(cls, series: Series, *, allow_constant: bool = False) -> "Scaler":
        """The statistics of a training part.

        Raises:
            ValueError: a channel without any value; or no channel that changes, unless
                `allow_constant`.
        """
        check_known(series)
        means = np.nanmean(series.values, 0)
        minima, maxima = np.nanmin(series.values, 0), np.nanmax(series.values, 0)
        if not allow_constant and (minima == maxima).all():
            raise ValueError(
                f"the series is constant ({', '.join(series.names)}): nothing to learn from"
            )
        return cls(means, minima, maxima)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Values (N, C) without gaps, scaled.

        Raises:
            ValueError: another number of channels than in training.
        """
        if values.shape[1:] != self.means.shape:
            raise ValueError(f"values of {values.shape[1:]} channels; fitted on {len(self.means)}")
        ranges, shifts = self._ranges_and_shifts()
        filled = np.where(np.isnan(values), self.means, values)
        return 2 * ((filled - self.minima) / ranges) - shifts

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled values (N, C) in the units of the series."""
        ranges, shifts = self._ranges_and_shifts()
        return (scaled + shifts) / 2 * ranges + self.minima

    def _ranges_and_shifts(self) -> tuple[np.ndarray, np.ndarray]:
        ranges = self.maxima - self.minima
        # A subnormal range, too, would make infinities.
        changes = ranges > np.finfo(np.float64).tiny
        return np.where(changes, ranges, 2.0), changes.astype(np.float64)


def windows_of(values: np.ndarray, length: int) -> np.ndarray:
    """All windows of values (N, C) at step 1: (N - W + 1, W, C), a read-only view.

    Args:
        length: W.

    Raises:
        ValueError: fewer samples than one window needs.
    """
    if length < 1:
        raise ValueError(f"windows of {length} samples; the shortest have 1")
    if len(values) < length:
        raise ValueError(f"{len(values)} samples are too few for a window of {length}")
    # The view has time last: (n, C, W).
    return np.swapaxes(sliding_window_view(values, length, axis=0), 1, 2)
