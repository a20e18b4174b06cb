"""Grids of segments of equal length in time, which samples are averaged over."""

import math
from dataclasses import dataclass

import numpy as np

# The shortest interval, seconds: float64 holds times of this century to a quarter of it.
FINEST = 1e-6


@dataclass(frozen=True)
class Grid:
    """Segments of equal length; number k holds the times from t_k - lead to t_k + interval - lead.

    Attributes:
        start: t_0, epoch seconds; t_k is start + k interval.
        interval: seconds.
        lead: seconds, in [0, interval / 2]. Samples that lie near the t_k are then in the middle of
            segments, so that none of them changes its segment for a small error of its time.

    Example:
        >>> Grid(0, 60, 30).numbers(np.array([0, 59, 121, 180]))
        array([0, 1, 2, 3])
    """

    start: float
    interval: float
    lead: float = 0

    @classmethod
    def from_first(cls, time: float, interval: float, lead: float = 0) -> "Grid":
        """Make the grid whose segment 0 holds the first sample.

        It starts at that time, or at a whole second near it where the interval is whole.
        """
        if isinstance(interval, int):
            return cls(math.floor(time + min(lead, 0.5)), interval, lead)
        return cls(float(time), interval, lead)

    def number(self, time: float) -> int:
        """Return the number of the segment in which a time lies."""
        return int((time - self.start + self.lead) // self.interval)

    def numbers(self, times: np.ndarray) -> np.ndarray:
        """Return the numbers (N,) of the segments in which times (N,) lie."""
        return ((times - self.start + self.lead) // self.interval).astype(np.int64)

    def times(self, first: int, count: int) -> np.ndarray:
        """Return t_k of `count` segments from number `first` on: (count,), epoch seconds."""
        return self.start + self.interval * np.arange(first, first + count, dtype=np.int64)


def check_interval(interval: float) -> float:
    """Return an interval as a whole number if it is one, or else as a float.

    Raises:
        ValueError: no number from a microsecond on.
    """
    is_number = isinstance(interval, int | float | np.integer | np.floating)
    if not is_number or isinstance(interval, bool) or not FINEST <= interval < math.inf:
        raise ValueError(
            f"an interval of {interval} seconds is no number of seconds from {FINEST:f} on"
        )
    return plain(float(interval)) if float(interval) == interval else int(interval)


def plain(time: float) -> float:
    """Return a time as Python's number, a whole one as int."""
    return int(time) if float(time).is_integer() else float(time)


def median_step(times: np.ndarray) -> float:
    """Return the median time between samples (N,), those of one time left out; 1 without any.

    That of times with fractions is the mean of all steps near the median, since single ones jitter
    and have rounding errors: to as few digits as change it by less than a thousandth, and put no
    sample half a step off over all times.
    """
    steps = np.diff(times)
    steps = steps[steps > 0]
    if not len(steps):
        return 1
    middle = np.median(steps)
    if np.issubdtype(times.dtype, np.integer):
        return int(middle)
    mean = steps[(steps > 0.5 * middle) & (steps < 1.5 * middle)].mean()
    span = times[-1] - times[0]
    most = min(1e-3, 0.5 * mean / span) * mean
    rounded = (float(f"{mean:.{digits}g}") for digits in range(1, 18))
    return plain(next(step for step in rounded if abs(step - mean) <= most))


def lead_of(times: np.ndarray, interval: float) -> float:
    """Choose by how much segments begin before their times, so that samples lie in their middle.

    It is half the step between samples, and at most half the interval. Of evenly spaced samples
    every segment then holds the same ones as without a lead; where step and interval are no
    multiples of each other, half of what divides both keeps that.

    Args:
        times: (N,), sorted, of samples such as those to come.
        interval: seconds.
    """
    step = median_step(times)
    unit = min(step, interval)
    if isinstance(step, int) and isinstance(interval, int):
        steps = np.diff(times)
        # Irregular samples have no segments that could be kept.
        unit = math.gcd(step, interval) if (steps % step == 0).all() else unit
        return unit // 2
    return unit / 2
