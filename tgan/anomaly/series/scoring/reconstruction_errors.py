"""How far a reconstruction is from a series at each time step.

Source: Geiger et al. 2020, section V-B.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

# Samples over which area and time warping compare (Orion's `score_window`).
SCORE_WINDOW = 10
# Time steps in memory at once.
_CHUNK = 4096


def reconstruct(windows: np.ndarray) -> np.ndarray:
    """The reconstruction at each time step: the median over the windows that cover it.

    Args:
        windows: (n, W, C), the reconstructions of all windows at step 1.

    Returns:
        (n + W - 1, C).
    """
    chunks = (windows[i : i + _CHUNK] for i in range(0, len(windows), _CHUNK))
    return np.concatenate(list(reconstruct_stream(chunks)))


def reconstruct_stream(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """As `reconstruct`, from consecutive batches of windows, in memory for a batch and a window.

    Args:
        batches: (b, W, C) each; b may differ.

    Yields:
        (k, C), as soon as all windows that cover the k time steps are known; n + W - 1 in all.

    Raises:
        ValueError: a reconstruction that is not finite.
    """
    held = None
    for batch in batches:
        if not len(batch):
            continue
        if not np.isfinite(batch).all():
            raise ValueError("a reconstructed window has values that are not finite")
        if held is None:
            held = np.full((batch.shape[1] - 1, *batch.shape[1:]), np.nan)
        block = np.concatenate([held, batch])
        yield _medians(block)
        held = block[len(block) - (batch.shape[1] - 1) :]
    if held is not None and len(held):
        yield _medians(np.concatenate([held, np.full_like(held, np.nan)]))


def reconstruct_middles_stream(batches: Iterable[np.ndarray], margin: int) -> Iterator[np.ndarray]:
    """As `reconstruct_stream`, by the middles of windows where one covers a time step.

    No middle covers the first and the last `margin` time steps: there what windows hold beside
    their middles has to do.

    Args:
        batches: (b, W, C) each; b may differ.
        margin: steps on either side of the middle.
    """
    if not margin:
        yield from reconstruct_stream(batches)
        return
    first = last = None

    def middles() -> Iterator[np.ndarray]:
        nonlocal first, last
        for batch in batches:
            if first is None:
                first, last = batch[:margin], batch[-margin:]
            else:
                if len(first) < margin:
                    first = np.concatenate([first, batch])[:margin]
                last = np.concatenate([last, batch])[-margin:]
            yield batch[:, margin : batch.shape[1] - margin]

    parts, waiting = reconstruct_stream(middles()), []
    for part in parts:
        waiting.append(part)
        if len(first) == margin:
            break
    if first is not None and len(first):
        yield reconstruct(first)[:margin]
        yield from waiting
        yield from parts
        yield reconstruct(last)[-margin:]


def _medians(block: np.ndarray) -> np.ndarray:
    """Medians (m - W + 1, C) over the windows (m, W, C) that cover one time step each.

    Step t is place j of window W - 1 + t - j: a diagonal of the block, which a view reaches.
    """
    count, length, channels = block.shape
    rows, columns, depth = block.strides
    diagonals = as_strided(
        block[length - 1 :],
        (count - length + 1, length, channels),
        (rows, columns - rows, depth),
        writeable=False,
    )
    whole = np.median(diagonals, axis=1)
    # Where windows are missing, at both ends of the series.
    partial = np.isnan(whole).any(1)
    if partial.any():
        whole[partial] = np.nanmedian(diagonals[partial], axis=1)
    return whole


def point_errors(values: np.ndarray, made: np.ndarray) -> np.ndarray:
    """|x - x'| at each of T time steps, mean over channels: (T,).

    Args:
        values, made: (T, C), the series and its reconstruction.
    """
    return np.abs(values - made).mean(1)


def area_errors(values: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Differences of areas under the curves, mean over channels: (T,).

    The area at t is the trapezoid integral over the samples t - 5 to t + 4 that there are.

    Args:
        values, made: (T, C).
    """
    # Integration is linear: one integral of the difference does.
    differences = values - made
    steps = (differences[1:] + differences[:-1]) / 2
    half = SCORE_WINDOW // 2
    steps = np.pad(steps, ((half, half - 1), (0, 0)))
    return np.abs(sliding_window_view(steps, SCORE_WINDOW - 1, axis=0).sum(-1)).mean(1)


def warped_errors(values: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Distances under dynamic time warping around each time step, mean over channels: (T,).

    The distance at t is the root of the least sum of squared differences along a warping path
    between the samples t - 5 to t + 5 of both; beyond their ends both are 0.

    Args:
        values, made: (T, C).
    """
    half = SCORE_WINDOW // 2
    pads = ((half, half), (0, 0))
    values, made = np.pad(values, pads), np.pad(made, pads)
    count, length = len(values) - 2 * half, 2 * half + 1
    found = np.zeros(count)
    for start in range(0, count, _CHUNK):
        part = slice(start, min(start + _CHUNK, count) + 2 * half)
        for one, other in zip(values[part].T, made[part].T, strict=True):
            distances = _warped(
                sliding_window_view(one, length), sliding_window_view(other, length)
            )
            found[start : start + _CHUNK] += distances / len(values.T)
    return found


def late_warped_errors(values: np.ndarray, made: np.ndarray) -> np.ndarray:
    """`warped_errors` as Orion has them: 5 samples late, 0 at its first 5 and last 6 places.

    What they are depends on where the series ends.

    Args:
        values, made: (T, C).
    """
    half, found = SCORE_WINDOW // 2, warped_errors(values, made)
    late, kept = np.zeros_like(found), max(len(found) - SCORE_WINDOW - 1, 0)
    late[half : half + kept] = found[:kept]
    return late


def _warped(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The distances (T,) of T pairs of short series (T, L), all through one recurrence."""
    ones, others = np.ascontiguousarray(ones.T), np.ascontiguousarray(others.T)
    above: list[np.ndarray] = []
    for one in ones:
        row: list[np.ndarray] = []
        for j, other in enumerate(others):
            cost = np.square(one - other)
            before = row[j - 1 : j] + above[j : j + 1] + above[j - 1 : j]
            if before:
                cost += np.minimum.reduce(before)
            row.append(cost)
        above = row
    return np.sqrt(above[-1])


ERRORS: dict[str, Callable[..., np.ndarray]] = {
    "point": point_errors,
    "area": area_errors,
    "dtw": warped_errors,
    "dtw_orion": late_warped_errors,
}

# Those at a time step depend on where the series ends, so that a stream has none.
OF_WHOLE_SERIES = frozenset({"dtw_orion"})
