"""`precision_*`, `recall_*`, `density_*`, `coverage_*`: whether samples lie among real ones.

Each set's support is taken to be the union of balls around its members that reach to the k-th
nearest other member. Precision asks how many samples lie in the real support, recall how many
real ones lie in the samples'; density counts in how many real balls a sample lies, which a single
outlier cannot change much, and coverage how many real balls have a sample inside.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tgan.metrics.state import State

# Of the papers; precision and recall are Kynkaanniemi's, density and coverage Naeem's.
NEAREST = {"precision": 3, "recall": 3, "density": 5, "coverage": 5}
# Squared distances are differences of squared lengths: so much of these is their rounding.
_ROUNDING = 1e-12
# Rows of a table of distances at once.
_ROWS = 1024


class Neighbours:
    """A number about the supports of two sets, from all of their features.

    Those are kept: N samples of each kind take 8 N size bytes.

    Args:
        kind: a key of `NEAREST`.

    Source: Kynkaanniemi et al. 2019, equations 1 and 2; Naeem et al. 2020, equations 4 and 5.
    """

    def __init__(self, kind: str) -> None:
        self._kind, self._nearest = kind, NEAREST[kind]
        self._kept: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features (N, size) of each."""
        for kept, features in zip(self._kept, (real, fake), strict=True):
            kept.append(np.asarray(features, np.float32))

    def result(self) -> dict[str, Any]:
        """`value`, from 0 to 1, for density above it, too; None of too few samples."""
        real, fake = (np.concatenate(kept) for kept in self._kept)
        found: dict[str, Any] = {"nearest": self._nearest}
        if len(real) <= self._nearest:
            few = f"{len(real)} samples have no {self._nearest} nearest others"
            return found | {"value": None, "warning": few}
        return found | {"value": _SCORES[self._kind](real, fake, self._nearest)}

    def state(self) -> State:
        """Everything, as arrays."""
        real, fake = self._kept
        return {} if not real else {"real": np.concatenate(real), "fake": np.concatenate(fake)}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self._kept = ([state["real"]], [state["fake"]]) if state else ([], [])


def precision(real: np.ndarray, fake: np.ndarray, nearest: int = 3) -> float:
    """The share of samples (M, D) that lie in a ball around a real one of (N, D)."""
    return float(_in_balls(real, fake, nearest).any(0).mean())


def recall(real: np.ndarray, fake: np.ndarray, nearest: int = 3) -> float:
    """The share of real ones (N, D) that lie in a ball around a sample of (M, D)."""
    return precision(fake, real, nearest)


def density(real: np.ndarray, fake: np.ndarray, nearest: int = 5) -> float:
    """In how many balls around real ones (N, D) a sample (M, D) lies on average, over `nearest`.

    It is 1 on average where both come from one distribution, and may be more.
    """
    return float(_in_balls(real, fake, nearest).sum(0).mean() / nearest)


def coverage(real: np.ndarray, fake: np.ndarray, nearest: int = 5) -> float:
    """The share of balls around real ones (N, D) in which there is a sample of (M, D)."""
    return float(_in_balls(real, fake, nearest).any(1).mean())


def _in_balls(real: np.ndarray, fake: np.ndarray, nearest: int) -> np.ndarray:
    """Whether samples (M, D) lie in the balls around real ones (N, D), edges included: (N, M)."""
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    inside = np.empty((len(real), len(fake)), bool)
    for first in range(0, len(real), _ROWS):
        rows = slice(first, first + _ROWS)
        among, slack = _squared_distances(real[rows], real)
        # Each is its own nearest, whatever rounding says; of copies one counts as itself.
        among[np.arange(len(among)), np.arange(len(among)) + first] = -np.inf
        radii = np.partition(among, nearest, axis=1)[:, nearest, None]
        across, more = _squared_distances(real[rows], fake)
        inside[rows] = across <= radii + slack.max(1, keepdims=True) + more
    return inside


def _squared_distances(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances (N, M) of x (N, D) and y (M, D), and what their rounding may be."""
    lengths = np.square(x).sum(1)[:, None] + np.square(y).sum(1)
    return lengths - 2 * x @ y.T, _ROUNDING * lengths


_SCORES: dict[str, Callable[[np.ndarray, np.ndarray, int], float]] = {
    "precision": precision,
    "recall": recall,
    "density": density,
    "coverage": coverage,
}
