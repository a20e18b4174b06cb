"""Base classes of baselines: errors of samples, mostly those of a reconstruction."""

from abc import ABC, abstractmethod
from typing import Protocol, Self

import numpy as np
from einops import rearrange

from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS
from tgan.lookup import look_up

# Samples in a window of a baseline, as many as TadGAN's windows have.
WINDOW = 100


class Baseline(Protocol):
    """Rates how abnormal each sample is, fitted on another series or on the same.

    Its errors become scores like those of a network's reconstruction, see
    `tgan.anomaly.series.scoring.scores`.

    Example:
        >>> errors = BASELINES["pca"]().fit(train).errors(test)  # (T,)
        >>> scores = NormalStatistics.of(errors, smoothing=10).scores(
        ...     errors, combination="reconstruction"
        ... )
    """

    def fit(self, values: np.ndarray) -> Self:
        """Learn from scaled values (N, C)."""

    def errors(self, values: np.ndarray, *, error: str = "dtw") -> np.ndarray:
        """Compute errors (T,) of scaled values (T, C), at least 0, higher if more abnormal.

        Args:
            error: a name in `ERRORS`; without effect on a baseline without reconstructions.
        """


class Reconstructor(ABC):
    """Reconstructs a series; errors are its distances from the reconstruction."""

    @abstractmethod
    def fit(self, values: np.ndarray) -> Self:
        """Learn from scaled values (N, C)."""

    @abstractmethod
    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """Reconstruct scaled values (T, C)."""

    def errors(self, values: np.ndarray, *, error: str = "dtw") -> np.ndarray:
        """Compute the distances (T,) of scaled values (T, C) from their reconstruction.

        Args:
            error: a name in `ERRORS`.

        Raises:
            ValueError: an unknown name.
        """
        measure = look_up(ERRORS, error, kind="error")
        return measure(values, self.reconstruct(values))


def rows_of(windows: np.ndarray) -> np.ndarray:
    """Flatten windows (n, W, C) to rows (n, W C)."""
    return rearrange(windows, "n w c -> n (w c)")
