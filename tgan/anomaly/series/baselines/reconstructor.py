"""What a baseline is: errors of samples, most often those of a reconstruction."""

from abc import ABC, abstractmethod
from typing import Protocol, Self

import numpy as np

from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS
from tgan.lookup import look_up


class Baseline(Protocol):
    """What tells how abnormal each sample is, after it was fitted on another series or the same.

    Its errors become scores as those of a network's reconstruction do, see
    `tgan.anomaly.series.scoring.scores`.
    """

    def fit(self, values: np.ndarray) -> Self:
        """Learn from scaled values (N, C)."""

    def errors(self, values: np.ndarray, *, error: str = "dtw") -> np.ndarray:
        """The errors (T,) of scaled values (T, C), at least 0, higher for more abnormal samples.

        Args:
            error: a name in `ERRORS`; without effect where nothing is reconstructed.
        """


class Reconstructor(ABC):
    """A baseline that reconstructs a series: its errors are distances from the reconstruction."""

    @abstractmethod
    def fit(self, values: np.ndarray) -> Self:
        """Learn from scaled values (N, C)."""

    @abstractmethod
    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """The reconstruction (T, C) of scaled values."""

    def errors(self, values: np.ndarray, *, error: str = "dtw") -> np.ndarray:
        """The distances (T,) of scaled values (T, C) from their reconstruction.

        Args:
            error: a name in `ERRORS`.

        Raises:
            ValueError: an unknown name.
        """
        measure = look_up(ERRORS, error, kind="error")
        return measure(values, self.reconstruct(values))
