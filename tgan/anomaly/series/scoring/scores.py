"""Anomaly scores from reconstruction errors and critic values; higher is more abnormal.

Source: Geiger et al. 2020, section V-B; numbers as in Orion's `score_anomalies`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tgan._moved import moved_names
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.scoring.smoothing import smooth
from tgan.lookup import look_up

# Of networks in float32, of which values are mostly in [-1, 1].
_ROUNDING = 1e-6

_HERE = "tgan.anomaly.series.scoring"
__getattr__ = moved_names(
    __name__,
    {
        "Reference": f"{__name__}:NormalStatistics",
        "smoothing_window": f"{_HERE}.smoothing",
        "critic_values": f"{_HERE}.critic_values",
        "critic_values_stream": f"{_HERE}.critic_values",
    },
)


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of the T segments of a series, with the reconstruction that they come from.

    Attributes:
        series: the segments in the units of the data; NaN where there were no samples.
        reconstruction: (T, C), in the same units.
        critic: (T,), the critic of windows at each time step; higher looks more normal.
        scores: (T,), at least 0; higher is more abnormal.
        reference: which series counts as normal, in `REFERENCES`.
    """

    series: Series
    reconstruction: np.ndarray
    critic: np.ndarray
    scores: np.ndarray
    reference: str = "series"


@dataclass(frozen=True)
class NormalStatistics:
    """Statistics of errors and critic values of a series that counts as normal.

    It may be the scored series itself, or the training series.

    Attributes:
        smoothing: window of both moving means, samples.
        error_mean, error_deviation: mean and standard deviation of the smoothed errors.
        critic_middle: mean of the critic's values between their quartiles; None without a critic.
        critic_deviation: standard deviation of all of its values.

    Raises:
        ValueError: a smoothing window that is no whole number from 1, or a deviation of errors
            that is not above 0.

    Example:
        >>> normal = NormalStatistics.of(training_errors, smoothing=10)
        >>> scores = normal.scores(errors, combination="reconstruction")  # (T,)
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
    ) -> "NormalStatistics":
        """Compute the statistics of errors (T,) and critic values (T,).

        The deviation of errors is at least the size of rounding errors in networks; that of a
        constant critic is 0.
        """
        smoothed = smooth(errors, smoothing)
        of_errors = float(smoothed.mean()), max(float(smoothed.std()), _ROUNDING)
        if critic is None:
            return cls(smoothing, *of_errors)
        low, high = np.quantile(critic, [0.25, 0.75])
        middle = critic[(critic >= low) & (critic <= high)].mean()
        return cls(smoothing, *of_errors, float(middle), _deviation(critic))

    def scores(
        self, errors: np.ndarray, critic: np.ndarray | None = None, *, combination: str
    ) -> np.ndarray:
        """Score each time step: (T,), at least 0, higher is more abnormal.

        Errors score max(z, 0) + 1, where z is the smoothed error less the normal mean, in normal
        standard deviations. Critic values c score the smoothed |c - m| / s + 1, where m is the
        normal middle and s the normal deviation.

        Args:
            errors: (T,), of a reconstruction.
            critic: (T,), as from `critic_values`; None from a method without a critic.
            combination: a name in `COMBINATIONS`.

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
    """Compute the standard deviation; 0 where it is no more than rounding."""
    deviation = float(values.std())
    return deviation if deviation > 1e-12 * np.abs(values).max() else 0.0


def _ratio(values: np.ndarray, deviation: float) -> np.ndarray:
    return values / deviation if deviation else np.zeros_like(values)


# From the scores of the critic and of the reconstruction, both at least 1.
COMBINATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "product": lambda critic, rec: critic * rec,
    "convex": lambda critic, rec: 0.5 * (critic - 1) + 0.5 * (rec - 1),
    # Not published: as convex, but from 1 on like the others. Relative drops, by which intervals
    # are pruned, are smaller then.
    "mean": lambda critic, rec: 0.5 * critic + 0.5 * rec,
    "reconstruction": lambda critic, rec: rec,
    "critic": lambda critic, rec: critic,
}
