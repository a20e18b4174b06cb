"""Reconstruction errors: distances between a series and its reconstruction at each time step.

Source: Geiger et al. 2020, section V-B.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from tgan._moved import moved_names
from tgan.anomaly.series.data.scaling import Scaler

# Samples over which areas and time warping are compared (Orion's `score_window`).
SCORE_WINDOW = 10
# Time steps in memory at once.
_CHUNK = 4096

__getattr__ = moved_names(__name__, {"known_error": f"{__name__}:mean_squared_error"})


def reconstruct(windows: np.ndarray) -> np.ndarray:
    """Take, at each time step, the median over the reconstructed windows that cover it.

    Args:
        windows: (n, W, C), reconstructions of the windows that start at each time step.

    Returns:
        (n + W - 1, C).
    """
    chunks = (windows[i : i + _CHUNK] for i in range(0, len(windows), _CHUNK))
    return np.concatenate(list(reconstruct_stream(chunks)))


def reconstruct_stream(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield what `reconstruct` returns, from consecutive batches of windows.

    Memory holds a batch and a window.

    Args:
        batches: (b, W, C) each; b may differ.

    Yields:
        (k, C), as soon as all windows that cover these k time steps have come; n + W - 1 in all.

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
    """Yield medians as `reconstruct_stream`, over the middles of windows alone.

    No middle covers the first and the last `margin` time steps: there whole windows are used.

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
    """Take medians (m - W + 1, C) over the windows (m, W, C) that cover each time step.

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
    # Windows are missing at both ends of the series.
    partial = np.isnan(whole).any(1)
    if partial.any():
        whole[partial] = np.nanmedian(diagonals[partial], axis=1)
    return whole


def point_errors(values: np.ndarray, reconstruction: np.ndarray) -> np.ndarray:
    """Compute |x - x'| at each of T time steps, mean over channels: (T,).

    Args:
        values, reconstruction: (T, C).
    """
    return np.abs(values - reconstruction).mean(1)


def area_errors(values: np.ndarray, reconstruction: np.ndarray) -> np.ndarray:
    """Compute differences of areas under the curves, mean over channels: (T,).

    The area at t is the trapezoid integral over those of the samples t - 5 to t + 4 that exist.

    Args:
        values, reconstruction: (T, C).
    """
    # Integration is linear: one integral of the difference is enough.
    differences = values - reconstruction
    steps = (differences[1:] + differences[:-1]) / 2
    half = SCORE_WINDOW // 2
    steps = np.pad(steps, ((half, half - 1), (0, 0)))
    return np.abs(sliding_window_view(steps, SCORE_WINDOW - 1, axis=0).sum(-1)).mean(1)


def warped_errors(values: np.ndarray, reconstruction: np.ndarray) -> np.ndarray:
    """Compute distances under dynamic time warping around each step, mean over channels: (T,).

    The distance at t is the root of the least sum of squared differences along a warping path
    between the samples t - 5 to t + 5 of both; beyond their ends both are 0.

    Args:
        values, reconstruction: (T, C).
    """
    half = SCORE_WINDOW // 2
    pads = ((half, half), (0, 0))
    values, others = np.pad(values, pads), np.pad(reconstruction, pads)
    count, length = len(values) - 2 * half, 2 * half + 1
    found = np.zeros(count)
    for start in range(0, count, _CHUNK):
        part = slice(start, min(start + _CHUNK, count) + 2 * half)
        for one, other in zip(values[part].T, others[part].T, strict=True):
            distances = _warped(
                sliding_window_view(one, length), sliding_window_view(other, length)
            )
            found[start : start + _CHUNK] += distances / len(values.T)
    return found


def late_warped_errors(values: np.ndarray, reconstruction: np.ndarray) -> np.ndarray:
    """Compute `warped_errors` as Orion does: 5 samples late, 0 at the first 5 and last 6 steps.

    They depend on where the series ends.

    Args:
        values, reconstruction: (T, C).
    """
    half, found = SCORE_WINDOW // 2, warped_errors(values, reconstruction)
    late, kept = np.zeros_like(found), max(len(found) - SCORE_WINDOW - 1, 0)
    late[half : half + kept] = found[:kept]
    return late


def _warped(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the distances (T,) of T pairs of short series (T, L) by one recurrence."""
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


def mean_squared_error(values: np.ndarray, reconstruction: np.ndarray, scaler: Scaler) -> float:
    """Compute the mean squared error over all scaled values that are not missing.

    Args:
        values: (T, C), in the units of the data; NaN where a value is missing.
        reconstruction: (T, C) or (1, C), scaled.
        scaler: of the values.
    """
    squares = np.square(scaler.transform(values) - reconstruction)
    return float(squares[~np.isnan(values)].mean())


ERRORS: dict[str, Callable[..., np.ndarray]] = {
    "point": point_errors,
    "area": area_errors,
    "dtw": warped_errors,
    "dtw_orion": late_warped_errors,
}

# Errors that depend on where the series ends, so that a stream cannot have them.
OF_WHOLE_SERIES = frozenset({"dtw_orion"})
