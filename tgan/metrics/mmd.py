"""`mmd2_*`: the kernel distance of JEDi, whose squared kernel makes it one of second moments."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tgan.metrics.state import State

# The published numbers are a hundred times the squared discrepancy.
SCALE = 100


class MomentDistance:
    """The squared maximum mean discrepancy under (x.y / size)^2, times 100.

    Pairs of a sample with itself count, so it is at least 0, and above it for two sets of one
    distribution, by what falls with their size. As (x.y)^2 is the inner product of x x^T and
    y y^T, the mean over all pairs is that of the sets' second moments, and no sample is kept. The
    kernel sees no more than these.

    Args:
        size: of a feature vector.

    Source: Luo et al. 2024, arXiv 2410.05203, section 4, and `mmd_polynomial.py` of their package
        videojedi 1.1.0 (degree 2, no constant; biased).
    """

    def __init__(self, size: int) -> None:
        self._count, self._moments = 0, np.zeros((2, size, size))

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features (N, size) of each, equally many."""
        for moments, features in zip(self._moments, (real, fake), strict=True):
            features = np.asarray(features, np.float64)
            moments += features.T @ features
        self._count += len(real)

    def result(self) -> dict[str, Any]:
        """`value`; None before the first sample."""
        if not self._count:
            return {"value": None}
        size = self._moments.shape[1]
        apart = (self._moments[0] - self._moments[1]) / (self._count * size)
        return {"value": float(SCALE * np.square(apart).sum()), "kernel": "(x.y / D)^2, x 100"}

    def state(self) -> State:
        """Everything, as arrays."""
        return {"count": np.array(self._count), "moments": self._moments}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self._count, self._moments = int(state["count"]), state["moments"].copy()
