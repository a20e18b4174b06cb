"""`class_histogram_*`: which classes a classifier sees, in samples and in real clips."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tgan.metrics.state import State


class ClassHistogram:
    """How often each class is the most likely one; shows classes that a generator drops.

    Args:
        labels: names of the K classes.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = list(labels)
        self._counts = np.zeros((2, len(self.labels)), int)

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in probabilities (N, K) of each."""
        for counts, probabilities in zip(self._counts, (real, fake), strict=True):
            counts += np.bincount(np.argmax(probabilities, 1), minlength=len(counts))

    def result(self) -> dict[str, Any]:
        """`value` is the total variation distance between the two histograms, 0 to 1."""
        shares = self._counts / self._counts.sum(1, keepdims=True)
        tables = [dict(zip(self.labels, counts.tolist(), strict=True)) for counts in self._counts]
        return {
            "value": float(np.abs(shares[0] - shares[1]).sum() / 2),
            "counts": {"real": tables[0], "fake": tables[1]},
        }

    def state(self) -> State:
        """Everything, as arrays."""
        return {"counts": self._counts}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self._counts = state["counts"].copy()
