"""How well found intervals agree with known ones: overlaps, samples, and coverage.

Intervals are closed, [start, end], in whole seconds. A known interval counts as found when any
found one overlaps it, and a found one as false when it overlaps no known one: so one that spans
the whole series is perfect. Read the F1 beside the coverage and the F1 of samples.

Source: Orion's `contextual_confusion_matrix` (unweighted); sums over the series of a set as in its
benchmark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

Intervals = Sequence[Sequence[float]]

# The share of samples beyond which a result of a data set is not to be counted: 1.3 to 2.5 times
# what principal components of windows flag.
COVERAGE_CAPS = {
    "artificialWithAnomaly": 0.15,
    "realAdExchange": 0.35,
    "realAWSCloudwatch": 0.20,
    "realTraffic": 0.30,
    "realTweets": 0.12,
    "SMAP": 0.08,
    "MSL": 0.15,
}


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives; their sums are sums of series."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """tp / (tp + fp), or 0."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """tp / (tp + fn), or 0."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """2 tp / (2 tp + fp + fn), or 0."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)


@dataclass(frozen=True)
class Agreement:
    """What is told of one series, or of a set as the sum of its series.

    Attributes:
        intervals: tp and fn count known intervals, fp found ones.
        samples: counts of samples, which are positive inside of intervals.
        covered, total: samples inside of found intervals, and all.
    """

    intervals: Counts = Counts()
    samples: Counts = Counts()
    covered: int = 0
    total: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            self.intervals + other.intervals,
            self.samples + other.samples,
            self.covered + other.covered,
            self.total + other.total,
        )

    @property
    def coverage(self) -> float:
        """The share of samples that found intervals cover."""
        return _ratio(self.covered, self.total)


def agreement(known: Intervals, found: Intervals, times: np.ndarray) -> Agreement:
    """Both counts and the coverage of one series.

    Args:
        known, found: [start, end] each, in any order; they may overlap.
        times: (N,) of the samples.

    Raises:
        ValueError: an interval that ends before it starts, or has a NaN.
    """
    times = np.sort(np.asarray(times))
    is_known, is_found = _inside(times, _union(known)), _inside(times, _union(found))
    both = int((is_known & is_found).sum())
    covered = int(is_found.sum())
    samples = Counts(both, covered - both, int(is_known.sum()) - both)
    return Agreement(overlap_counts(known, found), samples, covered, len(times))


def overlap_counts(known: Intervals, found: Intervals) -> Counts:
    """The counts of intervals of one series; arguments and errors as of `agreement`."""
    hit = _overlaps(known, _union(found))
    true = _overlaps(found, _union(known))
    return Counts(int(hit.sum()), int((~true).sum()), int((~hit).sum()))


def sum_of(agreements: Iterable[Agreement]) -> Agreement:
    """The agreement of a set of series."""
    return sum(agreements, Agreement())


def _table(intervals: Intervals) -> np.ndarray:
    table = np.asarray(intervals, np.float64).reshape(-1, 2)
    for start, end in table:
        if not start <= end:
            raise ValueError(f"interval [{start:.15g}, {end:.15g}] does not end after its start")
    return table


def _union(intervals: Intervals) -> np.ndarray:
    """Disjoint closed intervals (K, 2) in order; those that share a point are joined."""
    table = _table(intervals)
    table = table[np.argsort(table[:, 0], kind="stable")]
    if not len(table):
        return table
    ends = np.maximum.accumulate(table[:, 1])
    is_first = np.append(True, table[1:, 0] > ends[:-1])
    is_last = np.append(is_first[1:], True)
    return np.stack([table[is_first, 0], ends[is_last]], axis=1)


def _overlaps(intervals: Intervals, union: np.ndarray) -> np.ndarray:
    """Which of K intervals share a point with a union of disjoint ones: (K,) bool."""
    table = _table(intervals)
    # The last one that starts before the end decides.
    place = np.searchsorted(union[:, 0], table[:, 1], side="right") - 1
    ends = np.append(union[:, 1], -np.inf)
    return ends[place] >= table[:, 0]


def _inside(times: np.ndarray, union: np.ndarray) -> np.ndarray:
    """Which of sorted times (N,) lie in a union of disjoint intervals: (N,) bool."""
    place = np.searchsorted(union[:, 0], times, side="right") - 1
    ends = np.append(union[:, 1], -np.inf)
    return ends[place] >= times


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
