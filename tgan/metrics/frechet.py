"""The Fréchet distance between Gaussians fitted to two sets of features."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tgan.metrics.state import State, join, part_of
from tgan.rng import Stream, numpy_rng

# A projection keeps so many samples per dimension that the covariance is well determined.
SAMPLES_PER_DIMENSION = 10
PROJECTION_SEED = 0


class GaussianStatistics:
    """Mean and covariance of features that arrive in batches, in float64.

    Memory does not grow with the number of samples, and a large mean costs no digits.

    Source: Chan, Golub and LeVeque 1979 (merging of means and sums of squares).
    """

    def __init__(self, size: int) -> None:
        self.size, self.count = size, 0
        self.mean = np.zeros(size)
        self._scatter = np.zeros((size, size))

    def add(self, features: np.ndarray) -> None:
        """Take in a batch of features (N, size)."""
        features = np.asarray(features, np.float64)
        if not len(features):
            return
        total, mean = self.count + len(features), features.mean(0)
        centred, delta = features - mean, mean - self.mean
        self._scatter += centred.T @ centred
        self._scatter += np.outer(delta, delta * (self.count * len(features) / total))
        self.mean = self.mean + delta * (len(features) / total)
        self.count = total

    @property
    def covariance(self) -> np.ndarray:
        """(size, size), with the unbiased denominator.

        Raises:
            ValueError: fewer than two samples.
        """
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 samples, got {self.count}")
        return self._scatter / (self.count - 1)

    def projected(self, basis: np.ndarray) -> "GaussianStatistics":
        """The statistics of features times `basis` (size, K)."""
        projection = GaussianStatistics(basis.shape[1])
        projection.count, projection.mean = self.count, self.mean @ basis
        projection._scatter = basis.T @ self._scatter @ basis
        return projection

    def state(self) -> State:
        """Everything, as arrays."""
        return {"count": np.array(self.count), "mean": self.mean, "scatter": self._scatter}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self.count, self.mean = int(state["count"]), state["mean"].copy()
        self._scatter = state["scatter"].copy()


class FrechetDistance:
    """`frechet_*`: the distance between real and generated features, both streamed.

    With no more samples than dimensions a covariance is singular and the distance between two
    samples of one distribution is far from 0. Then both are first projected on the same few
    directions, and the result says so.
    """

    def __init__(self, size: int) -> None:
        self.real, self.fake = GaussianStatistics(size), GaussianStatistics(size)

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features (N, size) of each."""
        self.real.add(real)
        self.fake.add(fake)

    def result(self) -> dict[str, Any]:
        """The `value`; where it was projected, `projection` and a `warning`."""
        count, size = min(self.real.count, self.fake.count), self.real.size
        if count > size:
            return {"value": frechet_distance(self.real, self.fake)}
        kept = max(count // SAMPLES_PER_DIMENSION, 1)
        basis = orthonormal_basis(size, kept, seed=PROJECTION_SEED)
        distance = frechet_distance(self.real.projected(basis), self.fake.projected(basis))
        return {
            "value": distance,
            "projection": {
                "dimensions": kept,
                "kind": "random orthonormal",
                "seed": PROJECTION_SEED,
            },
            "warning": f"{count} feature vectors of {size} dimensions: projected on {kept} at "
            "random, on a scale of its own",
        }

    def state(self) -> State:
        """Everything, as arrays."""
        return join(real=self.real.state(), fake=self.fake.state())

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self.real.load_state(part_of(state, "real"))
        self.fake.load_state(part_of(state, "fake"))


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


def orthonormal_basis(size: int, kept: int, *, seed: int) -> np.ndarray:
    """Random orthonormal directions as columns, a function of the arguments: (size, kept)."""
    normal = numpy_rng(Stream.PROJECTION, seed).normal(size=(size, kept))
    return np.linalg.qr(normal)[0]


def _square_root(covariance: np.ndarray) -> np.ndarray:
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(eigenvalues.clip(min=0))) @ vectors.T
