"""The Fréchet distance between Gaussians fitted to two sets of features."""

import numpy as np


class GaussianStatistics:
    """Mean and covariance of features that arrive in batches, in float64.

    Memory does not grow with the number of samples.
    """

    def __init__(self, size: int) -> None:
        self.count = 0
        self._sum = np.zeros(size)
        self._outer = np.zeros((size, size))

    def add(self, features: np.ndarray) -> None:
        """Take in a batch of features (N, size)."""
        features = np.asarray(features, np.float64)
        self.count += len(features)
        self._sum += features.sum(0)
        self._outer += features.T @ features

    @property
    def mean(self) -> np.ndarray:
        """(size,)"""
        return self._sum / self.count

    @property
    def covariance(self) -> np.ndarray:
        """(size, size), with the unbiased denominator.

        Raises:
            ValueError: fewer than two samples.
        """
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 samples, got {self.count}")
        centred = self._outer - self.count * np.outer(self.mean, self.mean)
        return centred / (self.count - 1)


def frechet_distance(a: GaussianStatistics, b: GaussianStatistics) -> float:
    """Squared Fréchet distance |m_a - m_b|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2), at least 0.

    Raises:
        ValueError: fewer than two samples on either side.

    Source: Dowson and Landau 1982; as used by Heusel et al. 2017, equation 6.
    """
    root = _square_root(a.covariance)
    cross = np.linalg.eigvalsh(root @ b.covariance @ root)
    trace = np.trace(a.covariance) + np.trace(b.covariance)
    trace -= 2 * np.sqrt(cross.clip(min=0)).sum()
    return float(max(np.square(a.mean - b.mean).sum() + trace, 0.0))


def _square_root(covariance: np.ndarray) -> np.ndarray:
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(eigenvalues.clip(min=0))) @ vectors.T
