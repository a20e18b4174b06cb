"""A time series on its way to windows: segments of equal length, imputation, scaling.

Source: Geiger et al. 2020, section V; numbers as in Orion's pipeline `tadgan`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# Segments per sample beyond which the interval is taken for a mistake of units.
_MOST_SEGMENTS = 100


@dataclass(frozen=True, eq=False)
class Series:
    """Samples of one or more channels in order of time.

    Two samples may have the same time; `aggregate` averages them.

    Attributes:
        timestamps: (N,), int64, epoch seconds, never falling.
        values: (N, C), float64; NaN where a value is missing.
        names: of the C channels.

    Raises:
        ValueError: no samples, shapes that do not fit, falling times, or an infinite value.
    """

    timestamps: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = self.values.shape
        if not len(self.timestamps):
            raise ValueError("a series without samples")
        if shape != (len(self.timestamps), len(self.names)):
            raise ValueError(
                f"values {shape} of {len(self.timestamps)} times and {len(self.names)} channels"
            )
        if (np.diff(self.timestamps) < 0).any():
            raise ValueError("the times of a series have to be sorted")
        if np.isinf(self.values).any():
            raise ValueError(f"channel '{self._first(np.isinf(self.values))}' has infinite values")

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
        count = self._segment(self.timestamps[-1], interval) + 1
        if count > _MOST_SEGMENTS * len(self):
            raise ValueError(
                f"an interval of {interval} seconds makes {count} segments of {len(self)} "
                f"samples; their median step is {self.median_step}, "
                f"the longest {np.diff(self.timestamps).max()}"
            )
        return self._means(self.timestamps[0], count, interval)

    def part(self, first: int, last: int) -> "Series":
        """The samples from place `first` up to and without `last`."""
        return Series(self.timestamps[first:last], self.values[first:last], self.names)

    def _segment(self, time: int, interval: int) -> int:
        return int((time - self.timestamps[0]) // interval)

    def _means(self, start: int, count: int, interval: int) -> "Series":
        """Means over `count` segments from `start` on, which all samples lie in."""
        places = (self.timestamps - start) // interval
        means = np.full((count, len(self.names)), np.nan)
        for channel, column in enumerate(self.values.T):
            known = ~np.isnan(column)
            sizes = np.bincount(places[known], minlength=count)
            sums = np.bincount(places[known], column[known], minlength=count)
            np.divide(sums, sizes, out=means[:, channel], where=sizes > 0)
        return Series(start + interval * np.arange(count, dtype=np.int64), means, self.names)

    def _first(self, where: np.ndarray) -> str:
        return self.names[int(np.argmax(where.any(0)))]


def as_series(samples: "Series | np.ndarray") -> Series:
    """A series, or samples (N,) or (N, C) at times 0, 1, 2, ... as one.

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
    return Series(np.arange(len(values), dtype=np.int64), values, names)


def check_interval(interval: int) -> None:
    """Raise a ValueError for an interval below 1 second."""
    if interval < 1:
        raise ValueError(f"an interval of {interval} seconds; the shortest is 1")


def aggregate_stream(chunks: Iterable[Series], interval: int) -> Iterator[Series]:
    """As `Series.aggregate`, from consecutive parts of a series, in memory for one of them.

    Yields:
        segments, as soon as a later one has begun.

    Raises:
        ValueError: an interval below 1, other channels, or a part that starts before the end of
            the one before it.
    """
    check_interval(interval)
    held, start = None, 0
    for chunk in chunks:
        joined = chunk if held is None else _joined(held, chunk)
        if held is None:
            start = joined.timestamps[0]
        count = int((joined.timestamps[-1] - start) // interval)
        if count:
            end = start + count * interval
            place = int(np.searchsorted(joined.timestamps, end))
            yield joined.part(0, place)._means(start, count, interval)
            joined, start = joined.part(place, len(joined)), end
        held = joined
    if held is not None:
        yield held._means(start, 1, interval)


def _joined(before: Series, after: Series) -> Series:
    if before.names != after.names:
        raise ValueError(f"channels {', '.join(after.names)} follow {', '.join(before.names)}")
    times = np.concatenate([before.timestamps, after.timestamps])
    return Series(times, np.concatenate([before.values, after.values]), before.names)


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
        known = ~np.isnan(series.values)
        if not known.any(0).all():
            raise ValueError(f"channel '{series._first(~known.any(0)[None])}' has no values")
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


def windows_of(values: np.ndarray, length: int, *, orion: bool = False) -> np.ndarray:
    """All windows of values (N, C) at step 1: (N - W + 1, W, C), a read-only view.

    Args:
        length: W.
        orion: leave out the last one, as `rolling_window_sequences` does.

    Raises:
        ValueError: fewer samples than one window needs.
    """
    needed = length + orion
    if length < 1:
        raise ValueError(f"windows of {length} samples; the shortest have 1")
    if len(values) < needed:
        raise ValueError(
            f"{len(values)} samples are too few for a window of {length}: at least {needed}"
        )
    # The view has time last: (n, C, W).
    found = np.swapaxes(sliding_window_view(values, length, axis=0), 1, 2)
    return found[:-1] if orion else found
