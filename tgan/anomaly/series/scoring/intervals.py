"""Intervals of abnormal time steps from scores: a threshold in sliding windows, then pruning.

Source: Geiger et al. 2020, section V-C; numbers as in Orion's `find_anomalies` of its pipeline
`tadgan`.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from tgan.anomaly.series.data.grid import plain
from tgan.anomaly.series.data.streaming import local
from tgan.lookup import look_up


@dataclass(frozen=True)
class Threshold:
    """Settings of the threshold that makes intervals of scores.

    The defaults are Orion's. The paper has a step of 1/10 of a window of 1/3, 4 deviations, and a
    drop of 0.1 with `prune` at `first`.

    Attributes:
        window: scores that share a threshold, as a share of all of them.
        step: from one window to the next, as a share of the window.
        deviations: standard deviations above the mean of a window's scores, beyond which a score
            is abnormal.
        padding: samples that are added on both sides of an abnormal one.
        drop: the smallest relative drop from one sequence's maximum to the next that counts as
            large.
        prune: a name in `PRUNINGS`: which sequences, by falling maximum, are kept.

    Raises:
        ValueError: a share outside (0, 1], a negative number, or an unknown pruning.
    """

    window: float = 0.33
    step: float = 0.1
    deviations: float = 4.0
    padding: int = 50
    drop: float = 0.13
    prune: str = "last"

    def __post_init__(self) -> None:
        for name in ("window", "step"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} {getattr(self, name)} is not in (0, 1]")
        for name in ("deviations", "drop"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} {getattr(self, name)} is negative or not finite")
        if not isinstance(self.padding, Integral) or self.padding < 0:
            raise ValueError(f"padding {self.padding} is no whole number from 0")
        look_up(PRUNINGS, self.prune, kind="pruning")


def find_intervals(
    scores: np.ndarray, timestamps: np.ndarray, *, threshold: Threshold | None = None
) -> list[tuple[float, float]]:
    """Find closed intervals of abnormal samples, in order, that neither overlap nor touch.

    Args:
        scores: (T,), finite, at least 0, higher is more abnormal.
        timestamps: (T,) or longer, epoch seconds of the samples.

    Raises:
        ValueError: fewer times than scores, no scores, or scores that are negative or not finite.
    """
    threshold = threshold or Threshold()
    if not 0 < len(scores) <= len(timestamps):
        raise ValueError(f"{len(scores)} scores for {len(timestamps)} times")
    if not (np.isfinite(scores).all() and (scores >= 0).all()):
        raise ValueError("scores have to be finite and at least 0")
    size = math.ceil(len(scores) * threshold.window)
    step = math.ceil(size * threshold.step)
    found, start = [], 0
    while True:
        runs = _abnormal_runs(scores[start : start + size], threshold)
        found += [(first + start, last + start) for first, last in runs]
        if start + size >= len(scores):
            break
        start += step
    return [(plain(timestamps[a]), plain(timestamps[b])) for a, b in merge_runs(found)]


def intervals_above(
    scores: np.ndarray, timestamps: np.ndarray, *, level: float, padding: int
) -> list[tuple[float, float]]:
    """Find closed intervals of samples above a fixed level, with `padding` samples around them.

    Args:
        scores: (T,).
        timestamps: (T,), epoch seconds of the samples.
    """
    return list(intervals_above_stream([(scores, timestamps)], level=level, padding=padding))


def intervals_above_stream(
    chunks: Iterable[tuple[np.ndarray, np.ndarray]], *, level: float, padding: int
) -> Iterator[tuple[float, float]]:
    """Yield `intervals_above` of consecutive scores and times, each as soon as it has ended."""
    marked = (
        np.rec.fromarrays([times, scores > level], names="time,above") for scores, times in chunks
    )

    def padded(samples: np.ndarray) -> np.ndarray:
        found = samples.copy()
        found["above"] = _padded(samples["above"], padding)
        return found

    # An interval that reaches the end of a chunk may go on in the next one.
    held = None
    for samples in local(marked, padded, before=padding, after=padding):
        times, above = samples["time"], samples["above"]
        if held and not above[0]:
            yield held
            held = None
        for first, last in _runs(above):
            held = held[0] if held else plain(times[first]), plain(times[last])
            if last + 1 < len(samples):
                yield held
                held = None
    if held:
        yield held


def level_of(scores: np.ndarray, *, block: int, false_alarms: float) -> float:
    """Estimate the score that a series like this one exceeds by chance at a given rate.

    Maxima of blocks are taken to have a Gumbel distribution, whose two parameters come from their
    mean and their standard deviation. With few blocks the level is exceeded more often than asked,
    since their tail is hardly known; anomalies among the scores raise it.

    Args:
        scores: (T,), of a series that is mostly normal.
        block: samples of a block, enough that maxima of neighbouring blocks are independent. A
            series shorter than ten such blocks is divided into ten.
        false_alarms: number of blocks, in a series of this length, that are expected to exceed
            the level, in (0, 1).

    Source: Gumbel, Statistics of Extremes, 1958.
    """
    size = max(1, min(block, len(scores) // 10))
    maxima = np.array([part.max() for part in np.array_split(scores, len(scores) // size)])
    scale = math.sqrt(6) / math.pi * maxima.std()
    location = maxima.mean() - np.euler_gamma * scale
    return float(location - scale * math.log(-math.log1p(-false_alarms / len(maxima))))


def merge_runs(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Unite runs of samples (first, last), both included; neighbours become one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(runs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _abnormal_runs(scores: np.ndarray, threshold: Threshold) -> list[tuple[int, int]]:
    """Find the runs of samples above the threshold of one window, and prune them."""
    above = scores > scores.mean() + threshold.deviations * scores.std()
    if not above.any():
        return []
    padded = _padded(above, threshold.padding)
    runs = _runs(padded)
    rest = 0.0 if padded.all() else scores[~padded].max()
    maxima = np.array([scores[first : last + 1].max() for first, last in runs])
    order = np.argsort(-maxima, kind="stable")
    tops = np.append(maxima[order], rest)
    # A maximum is not 0: it lies above a threshold that is not negative.
    drops = (tops[:-1] - tops[1:]) / tops[:-1]
    kept = PRUNINGS[threshold.prune](drops >= threshold.drop)
    return [runs[place] for place in order[:kept]]


def _padded(above: np.ndarray, padding: int) -> np.ndarray:
    """Mark the samples (T,) within `padding` of a True one."""
    places = np.arange(len(above))
    sums = np.concatenate([[0], np.cumsum(above)])
    last = np.minimum(places + padding + 1, len(above))
    return sums[last] > sums[np.maximum(places - padding, 0)]


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """List the runs (first, last) of True samples."""
    edges = np.diff(mask.astype(np.int8), prepend=0, append=0)
    runs = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True)
    return [(int(first), int(last)) for first, last in runs]


def _up_to_last(is_large: np.ndarray) -> int:
    large = np.flatnonzero(is_large)
    return int(large[-1]) + 1 if len(large) else 0


def _up_to_first(is_large: np.ndarray) -> int:
    small = np.flatnonzero(~is_large)
    return int(small[0]) + 1 if len(small) else len(is_large)


# From the drops that are large to the number of sequences that are kept. `last` (Orion, and
# Hundman et al. 2018): all before the last large drop. `first` (the paper's text): all before the
# first drop that is not large, so that the highest is always kept.
PRUNINGS: dict[str, Callable[[np.ndarray], int]] = {"last": _up_to_last, "first": _up_to_first}
