"""Anomaly scores out of reconstruction errors and the critic's scores; higher is more abnormal.

Source: Geiger et al. 2020, section V-B; numbers as in Orion's `score_anomalies`.
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tgan.lookup import look_up
from tgan.tadgan.errors import ERRORS

# The smoothing window as a share of the windows.
SMOOTHING = 0.01
# Time steps whose densities are estimated at once: small enough for a cache.
_CHUNK = 128


def smoothing_window(num_windows: int) -> int:
    """Samples in the smoothing window of a series with so many windows, at least 1."""
    return max(1, int(SMOOTHING * num_windows))


def smooth(values: np.ndarray, window: int, *, trailing: bool = False) -> np.ndarray:
    """The mean over the samples t - w // 2 to t + (w - 1) // 2 that there are.

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
    places = np.arange(len(values))
    first, last = np.maximum(places - before, 0), np.minimum(places + after + 1, len(values))
    # Sums of what is left of a constant keep their digits, and a constant stays one.
    base = values[:1]
    sums = np.concatenate([np.zeros_like(base), np.cumsum(values - base, 0)])
    sizes = (last - first).reshape(-1, *[1] * (values.ndim - 1))
    return base + (sums[last] - sums[first]) / sizes


def z_scores(values: np.ndarray) -> np.ndarray:
    """Values (T,) less their mean in (population) standard deviations; 0 where all are equal."""
    deviation = _deviation(values)
    return (values - values.mean()) / deviation if deviation else np.zeros_like(values)


def reconstruction_scores(errors: np.ndarray, window: int) -> np.ndarray:
    """The smoothed errors' z-scores, at least 0, plus 1: (T,).

    Args:
        errors: (T,).
        window: of the smoothing, samples.
    """
    return np.maximum(z_scores(smooth(errors, window)), 0) + 1


def critic_values(critic: np.ndarray, length: int) -> np.ndarray:
    """The critic at each time step: of the windows that cover it, the score of highest density.

    The density is a Gaussian kernel estimate with Scott's bandwidth over these up to W scores; of
    scores that are equally dense the last window's counts.

    Args:
        critic: (n,), the scores of all windows at step 1.
        length: W.

    Returns:
        (n + W - 1,).
    """
    critic = np.asarray(critic, np.float64).reshape(-1)
    if not np.isfinite(critic).all():
        raise ValueError("the critic gave scores that are not finite")
    count = len(critic) + length - 1
    found = np.empty(count)
    # The scores at each step from the last window to the first, as Orion has them.
    inner = sliding_window_view(critic, length)[:, ::-1] if len(critic) >= length else critic[:0]
    for start in range(0, len(inner), _CHUNK):
        rows = inner[start : start + _CHUNK]
        found[length - 1 + start :][: len(rows)] = _modes(rows)
    outer = [*range(length - 1), *range(max(len(critic), length - 1), count)]
    for step in outer:
        covering = critic[max(0, step - length + 1) : step + 1]
        found[step] = _modes(covering[None, ::-1])[0]
    return found


def _modes(rows: np.ndarray) -> np.ndarray:
    """Of each row (T, K) the member at which a Gaussian kernel density of the row is highest."""
    rows = np.ascontiguousarray(rows)
    count = rows.shape[1]
    if count == 1:
        return rows[:, 0]
    # Scott's rule: the unbiased variance times K^(-2/5).
    squares = rows.var(1, ddof=1) * count ** (-2 / 5)
    # Where all are equal every density is 1 and the first member, which is the median, is taken.
    scales = np.divide(0.5, squares, out=np.zeros_like(squares), where=squares > 1e-300)
    scaled = (rows - rows[:, :1]) * np.sqrt(scales)[:, None]
    densities = np.ones_like(rows)
    # Every pair once: at each lag the kernel belongs to both of its ends.
    for lag in range(1, count):
        kernels = np.exp(-np.square(scaled[:, lag:] - scaled[:, :-lag]))
        densities[:, lag:] += kernels
        densities[:, :-lag] += kernels
    return rows[np.arange(len(rows)), densities.argmax(1)]


def critic_scores(values: np.ndarray, window: int) -> np.ndarray:
    """|(c - m) / s| + 1, smoothed: (T,); m is the mean of what lies within the quartiles.

    Args:
        values: c, (T,), as from `critic_values`.
        window: of the smoothing, samples.
    """
    low, high = np.quantile(values, [0.25, 0.75])
    middle = values[(values >= low) & (values <= high)].mean()
    deviation = _deviation(values)
    distances = np.abs(values - middle) / deviation if deviation else np.zeros_like(values)
    return smooth(distances + 1, window)


def _deviation(values: np.ndarray) -> float:
    """The standard deviation, or 0 where it is but rounding."""
    deviation = float(values.std())
    return deviation if deviation > 1e-12 * np.abs(values).max() else 0.0


# Of scores of the critic and of the reconstruction, both at least 1.
COMBINATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "product": lambda critic, rec: critic * rec,
    "convex": lambda critic, rec: 0.5 * (critic - 1) + 0.5 * (rec - 1),
    "reconstruction": lambda critic, rec: rec,
    "critic": lambda critic, rec: critic,
}


def anomaly_scores(
    values: np.ndarray,
    made: np.ndarray,
    critic: np.ndarray | None = None,
    *,
    window: int,
    error: str = "dtw",
    combination: str | None = None,
    orion: bool = False,
) -> np.ndarray:
    """The score of each time step: (T,), at least 0.

    Args:
        values, made: (T, C), the scaled series and its reconstruction.
        critic: (T,), as from `critic_values`; None from a method without a critic.
        window: of the smoothing, samples: `smoothing_window`.
        error: a name in `ERRORS`.
        combination: a name in `COMBINATIONS`; by default the product, or the reconstruction alone
            without a critic.
        orion: see `warped_errors`.

    Raises:
        ValueError: an unknown name, shapes that differ, or a combination that needs a critic.
    """
    combination = combination or ("reconstruction" if critic is None else "product")
    measure = look_up(ERRORS, error, kind="error")
    combine = look_up(COMBINATIONS, combination, kind="combination")
    if values.shape != made.shape:
        raise ValueError(f"values {values.shape} and reconstruction {made.shape} differ in shape")
    if critic is None and combination != "reconstruction":
        raise ValueError(f"combination {combination} needs a critic; choose reconstruction")
    if critic is not None and critic.shape != values.shape[:1]:
        raise ValueError(f"critic {critic.shape} for {len(values)} time steps")
    rec = reconstruction_scores(measure(values, made, orion=orion), window)
    return combine(rec if critic is None else critic_scores(critic, window), rec)
