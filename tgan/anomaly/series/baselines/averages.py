"""Averages of samples: baselines that learn nothing, or a median per channel."""

import numpy as np

from tgan.anomaly.series.baselines.base import WINDOW, Reconstructor
from tgan.anomaly.series.scoring.smoothing import smooth


class ConstantMedian(Reconstructor):
    """Reconstructs every sample as the median of its channel."""

    def fit(self, values: np.ndarray) -> "ConstantMedian":
        """Compute the medians of values (N, C)."""
        self._medians = np.median(values, axis=0)
        return self

    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """Return the medians, (N, C)."""
        return np.broadcast_to(self._medians, values.shape)


class MovingAverage(Reconstructor):
    """Reconstructs every sample as the mean of those around it, or of those up to it.

    Nothing is learned.

    Args:
        length: samples in the mean; fewer at the ends of the series.
        trailing: whether the mean is over the past alone.
    """

    def __init__(self, *, length: int = WINDOW, trailing: bool = False) -> None:
        self._length, self._trailing = length, trailing

    def fit(self, values: np.ndarray) -> "MovingAverage":
        """Return the baseline as it is."""
        return self

    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """Compute the means, (N, C)."""
        return smooth(values, self._length, trailing=self._trailing)
