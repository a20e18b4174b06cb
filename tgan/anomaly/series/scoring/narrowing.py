"""Found intervals narrowed to where the series itself differs from its reconstruction.

Scores are smoothed, and intervals padded, so that an interval is longer than what it was found for.
Inside of it errors of single segments tell more: where an anomaly begins and ends, their mean
steps up and down.

Source: the scan statistic of a stretch with a raised mean, which is its maximum likelihood estimate
under normal noise (Siegmund and Venkatraman 1995, Annals of Statistics 23).
"""

from collections.abc import Sequence

import numpy as np

from tgan.anomaly.series.data.grid import plain

Interval = tuple[float, float]
# Segments of an interval beyond which the ends of a stretch are looked for on a coarser grid first.
_FINE = 1000


def narrowed(
    intervals: Sequence[Interval], errors: np.ndarray, timestamps: np.ndarray
) -> list[Interval]:
    """Narrow intervals to the stretches whose errors stand out most.

    The errors outside of all intervals count as normal. Inside of one, the stretch is taken whose
    sum of errors above their mean, over the root of its length, is greatest; and then, to its left
    and to its right, every further one that has at least half of that, and more than any normal
    segment by itself: an interval may hold several anomalies.

    Args:
        intervals: closed, in order, their ends in `timestamps`.
        errors: (T,) of single segments, not smoothed; 0 where there is nothing to tell.
        timestamps: (T,), sorted.

    Returns:
        at least one closed interval for each, inside of it.
    """
    if not intervals:
        return []
    places = np.searchsorted(timestamps, np.array(intervals))
    is_inside = np.zeros(len(timestamps), bool)
    for first, last in places:
        is_inside[first : last + 1] = True
    others = errors if is_inside.all() else errors[~is_inside]
    normal = others.mean()
    least = others.max() - normal
    found = []
    for first, last in places:
        runs = _stretches(errors[first : last + 1] - normal, least)
        found += [(plain(timestamps[first + a]), plain(timestamps[first + b])) for a, b in runs]
    return found


def _stretches(excess: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Find the stretches (first, last) that stand out, in order; but for one, by `least`."""
    first, last, best = _best_stretch(excess)
    found, left = [(first, last)], [(0, first), (last + 1, len(excess))]
    while left:
        start, end = left.pop()
        if end <= start:
            continue
        a, b, height = _best_stretch(excess[start:end])
        if height > least and height >= best / 2:
            found.append((start + a, start + b))
            left += [(start, start + a), (start + b + 1, end)]
    return _joined(sorted(found))


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined = runs[:1]
    for first, last in runs[1:]:
        if first == joined[-1][1] + 1:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined


def _best_stretch(excess: np.ndarray) -> tuple[int, int, float]:
    """Find the stretch with the greatest sum over the root of its length, and that quotient."""
    sums = np.concatenate([[0.0], np.cumsum(excess)])
    step = -(-len(excess) // _FINE)
    edges = np.unique(np.append(np.arange(0, len(sums), step), len(sums) - 1))
    first, end, _ = _best_edges(sums, edges, edges)
    if step > 1:
        near = [np.arange(max(e - step, 0), min(e + step + 1, len(sums))) for e in (first, end)]
        first, end, _ = _best_edges(sums, *near)
    return first, end - 1, float((sums[end] - sums[first]) / np.sqrt(end - first))


def _best_edges(sums: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[int, int, float]:
    lengths = ends - starts[:, None]
    heights = (sums[ends] - sums[starts][:, None]) / np.sqrt(np.maximum(lengths, 1))
    heights[lengths < 1] = -np.inf
    place = np.unravel_index(heights.argmax(), heights.shape)
    return int(starts[place[0]]), int(ends[place[1]]), float(heights[place])
