"""Scaling of series: gaps filled with means, and each channel's range mapped to [-1, 1].

Source: Geiger et al. 2020, section V; numbers as in Orion's pipeline `tadgan`.
"""

from dataclasses import dataclass

import numpy as np

from tgan.anomaly.series.data.series import Series, check_has_values


@dataclass(frozen=True, eq=False)
class Scaler:
    """Fills gaps with means, and maps the range of each channel to [-1, 1].

    Attributes:
        means, minima, maxima: (C,), of the training series. Values outside of its range are mapped
            outside of [-1, 1]. A channel that is constant there is shifted to 0, not stretched.

    Example:
        >>> scaler = Scaler.fit(train)
        >>> scaled = scaler.transform(test.values)  # (N, C), without NaN
    """

    means: np.ndarray
    minima: np.ndarray
    maxima: np.ndarray

    @classmethod
    def fit(cls, series: Series, *, allow_constant: bool = False) -> "Scaler":
        """Take the statistics of a training series.

        Raises:
            ValueError: a channel has no value at all; or no channel changes, unless
                `allow_constant`.
        """
        check_has_values(series)
        means = np.nanmean(series.values, 0)
        minima, maxima = np.nanmin(series.values, 0), np.nanmax(series.values, 0)
        if not allow_constant and (minima == maxima).all():
            raise ValueError(
                f"the series is constant ({', '.join(series.names)}): nothing to learn from"
            )
        return cls(means, minima, maxima)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Fill gaps in values (N, C), and scale them.

        Raises:
            ValueError: another number of channels than in training.
        """
        if values.shape[1:] != self.means.shape:
            raise ValueError(f"values of {values.shape[1:]} channels; fitted on {len(self.means)}")
        ranges, shifts = self._ranges_and_shifts()
        filled = np.where(np.isnan(values), self.means, values)
        return 2 * ((filled - self.minima) / ranges) - shifts

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """Bring scaled values (N, C) back to the units of the series."""
        ranges, shifts = self._ranges_and_shifts()
        return (scaled + shifts) / 2 * ranges + self.minima

    def _ranges_and_shifts(self) -> tuple[np.ndarray, np.ndarray]:
        ranges = self.maxima - self.minima
        # Division by a subnormal range would make infinities.
        changes = ranges > np.finfo(np.float64).tiny
        return np.where(changes, ranges, 2.0), changes.astype(np.float64)
