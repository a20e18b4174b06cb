"""Anomaly scores out of reconstruction errors and the critic's scores; higher is more abnormal.

Source: Geiger et al. 2020, section V-B; numbers as in Orion's `score_anomalies`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS
from tgan.lookup import look_up

# The smoothing window as a share of the windows.
SMOOTHING = 0.01
# Of networks in float32, of which values are mostly in [-1, 1].
_ROUNDING = 1e-6
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
    count = len(values)
    before, after = min(before, count), min(after, count)
    # A constant stays one.
    base = np.median(values, axis=0)
    sums = _moving_sums(values - base, before, after)
    places = np.arange(count)
    sizes = np.minimum(places + after + 1, count) - np.maximum(places - before, 0)
    return base + sums / sizes.reshape(-1, *[1] * (values.ndim - 1))


def _moving_sums(values: np.ndarray, before: int, after: int) -> np.ndarray:
    """Sums over the samples t - before to t + after that there are.

    Blocks as long as a window are summed up from both of their ends: a window is the end of one
    and the start of the next. So nothing is subtracted, and what lies outside of a window, however
    large, leaves no trace in it, as it does in differences of one long sum.
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
    return _critic_values(critic, length, 0, len(critic) + length - 1)


def _critic_values(critic: np.ndarray, length: int, first: int, last: int) -> np.ndarray:
    """Of `critic_values` those from step `first` up to and without `last`."""
    if not np.isfinite(critic).all():
        raise ValueError("the critic gave scores that are not finite")
    found = np.empty(last - first)
    # Steps in as many windows as a step can lie in, of which many are estimated at once.
    full = range(max(first, length - 1), min(last, len(critic)))
    for start in full[::_CHUNK]:
        covering = critic[start - length + 1 : min(start + _CHUNK, full.stop)]
        # The scores at each step from the last window to the first, as Orion has them.
        rows = sliding_window_view(covering, length)[:, ::-1]
        found[start - first :][: len(rows)] = _modes(rows)
    for step in range(first, last):
        if step not in full:
            covering = critic[max(0, step - length + 1) : step + 1]
            found[step - first] = _modes(covering[None, ::-1])[0]
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


def critic_values_stream(batches: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """As `critic_values`, from consecutive batches of windows' scores."""
    held = np.empty(0)
    for batch in batches:
        block = np.concatenate([held, batch])
        yield _critic_values(block, length, len(held), len(block))
        held = block[max(0, len(block) - length + 1) :]
    if len(held):
        yield _critic_values(held, length, len(held), len(held) + length - 1)


@dataclass(frozen=True)
class Reference:
    """What errors and critic values count as usual: those of a series, scored itself or earlier.

    Attributes:
        smoothing: the window of both moving means, samples.
        error_mean, error_deviation: of the smoothed errors.
        critic_middle: the mean of the critic's values within their quartiles; None without one.
        critic_deviation: of all its values.

    Raises:
        ValueError: a smoothing window that is no whole number from 1, or a deviation of errors
            that is not above 0.
    """

    smoothing: int
    error_mean: float
    error_deviation: float
    critic_middle: float | None = None
    critic_deviation: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.smoothing, int | np.integer) or self.smoothing < 1:
            raise ValueError(f"a smoothing window of {self.smoothing} is no whole number from 1")
        if not self.error_deviation > 0:
            raise ValueError(f"a deviation of errors of {self.error_deviation} is not above 0")

    @classmethod
    def of(
        cls, errors: np.ndarray, critic: np.ndarray | None = None, *, smoothing: int
    ) -> "Reference":
        """What is usual in errors (T,) and critic values (T,).

        The deviation of errors is at least what rounding in networks makes of them; that of a
        constant critic is 0.
        """
        smoothed = smooth(errors, smoothing)
        usual = float(smoothed.mean()), max(float(smoothed.std()), _ROUNDING)
        if critic is None:
            return cls(smoothing, *usual)
        low, high = np.quantile(critic, [0.25, 0.75])
        middle = critic[(critic >= low) & (critic <= high)].mean()
        return cls(smoothing, *usual, float(middle), _deviation(critic))

    def scores(
        self, errors: np.ndarray, critic: np.ndarray | None = None, *, combination: str
    ) -> np.ndarray:
        """The score of each time step: (T,), at least 0.

        Of errors it is max(z, 0) + 1, where z is the smoothed error less the usual mean in usual
        deviations; of the critic the smoothed |c - m| / s + 1.

        Raises:
            ValueError: an unknown combination, or one that needs a critic where there is none.
        """
        combine = look_up(COMBINATIONS, combination, kind="combination")
        z = (smooth(errors, self.smoothing) - self.error_mean) / self.error_deviation
        rec = np.maximum(z, 0) + 1
        if combination == "reconstruction":
            return rec
        if critic is None or self.critic_middle is None:
            raise ValueError(f"combination {combination} needs a critic; choose reconstruction")
        distances = _ratio(np.abs(critic - self.critic_middle), self.critic_deviation)
        # A mean of what is at least 1 may be below it by rounding.
        return combine(np.maximum(smooth(distances + 1, self.smoothing), 1), rec)


def _deviation(values: np.ndarray) -> float:
    """The standard deviation, or 0 where it is but rounding."""
    deviation = float(values.std())
    return deviation if deviation > 1e-12 * np.abs(values).max() else 0.0


def _ratio(values: np.ndarray, deviation: float) -> np.ndarray:
    return values / deviation if deviation else np.zeros_like(values)


# Of scores of the critic and of the reconstruction, both at least 1.
COMBINATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "product": lambda critic, rec: critic * rec,
    "convex": lambda critic, rec: 0.5 * (critic - 1) + 0.5 * (rec - 1),
    # Not published: as convex, but from 1 on like the others, of which pruning's relative drops
    # are smaller.
    "mean": lambda critic, rec: 0.5 * critic + 0.5 * rec,
    "reconstruction": lambda critic, rec: rec,
    "critic": lambda critic, rec: critic,
}


def anomaly_scores(
    values: np.ndarray,
    made: np.ndarray,
    critic: np.ndarray | None = None,
    *,
    smoothing: int,
    error: str = "dtw",
    combination: str | None = None,
) -> np.ndarray:
    """The score of each time step by what is usual in this very series: (T,), at least 0.

    Args:
        values, made: (T, C), the scaled series and its reconstruction.
        critic: (T,), as from `critic_values`; None from a method without a critic.
        smoothing: the window of the moving means, samples: `smoothing_window`.
        error: a name in `ERRORS`.
        combination: a name in `COMBINATIONS`; by default the product, or the reconstruction alone
            without a critic.

    Raises:
        ValueError: an unknown name, shapes that differ, or a combination that needs a critic.
    """
    combination = combination or ("reconstruction" if critic is None else "product")
    measure = look_up(ERRORS, error, kind="error")
    if values.shape != made.shape:
        raise ValueError(f"values {values.shape} and reconstruction {made.shape} differ in shape")
    if critic is not None and critic.shape != values.shape[:1]:
        raise ValueError(f"critic {critic.shape} for {len(values)} time steps")
    errors = measure(values, made)
    reference = Reference.of(errors, critic, smoothing=smoothing)
    return reference.scores(errors, critic, combination=combination)
