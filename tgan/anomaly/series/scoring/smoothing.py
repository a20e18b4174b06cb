"""Moving means of series, which scores are smoothed by."""

import numpy as np

# The smoothing window as a share of the windows, as in Orion's `score_anomalies`.
SMOOTHING = 0.01


def smoothing_window(num_windows: int) -> int:
    """Return the samples in the smoothing window of a series of so many windows, at least 1."""
    return max(1, int(SMOOTHING * num_windows))


def smooth(values: np.ndarray, window: int, *, trailing: bool = False) -> np.ndarray:
    """Take the mean over the samples from t - w // 2 to t + (w - 1) // 2 that exist.

    It equals the centred rolling mean of pandas with `min_periods` of w // 2.

    Args:
        values: (T,) or (T, C).
        window: w, samples.
        trailing: take t - w + 1 to t instead.

    Raises:
        ValueError: a window below 1.
    """
    if window < 1:
        raise ValueError(f"a smoothing window of {window} samples; the shortest is 1")
    before, after = (window - 1, 0) if trailing else (window // 2, (window - 1) // 2)
    count = len(values)
    before, after = min(before, count), min(after, count)
    # The mean of a constant is that constant, without rounding.
    base = np.median(values, axis=0)
    sums = _moving_sums(values - base, before, after)
    places = np.arange(count)
    sizes = np.minimum(places + after + 1, count) - np.maximum(places - before, 0)
    return base + sums / sizes.reshape(-1, *[1] * (values.ndim - 1))


def _moving_sums(values: np.ndarray, before: int, after: int) -> np.ndarray:
    """Sum over the samples from t - before to t + after that exist.

    Blocks as long as a window are summed up from both of their ends: a window is the end of one
    block and the start of the next. Hence nothing is subtracted: a sample outside of a window,
    however large, leaves no rounding error in it, as it does in differences of one long sum.
    """
    count, size = len(values), before + after + 1
    blocks = -(-(count + size - 1) // size)
    rest = blocks * size - count - before
    padded = np.pad(values, ((before, rest), *[(0, 0)] * (values.ndim - 1)))
    padded = padded.reshape(blocks, size, *values.shape[1:])
    starts = padded.cumsum(1).reshape(-1, *values.shape[1:])
    ends = padded[:, ::-1].cumsum(1)[:, ::-1].reshape(-1, *values.shape[1:])
    # A window that is one block needs no second part.
    ends[::size] = 0
    return ends[:count] + starts[size - 1 :][:count]
