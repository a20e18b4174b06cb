"""`ratio_*`: whether samples have more or less of something than real clips."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tgan.metrics.state import State


class MeanRatio:
    """The mean of each feature over samples, divided by that over real clips.

    1 where they agree. Features are amounts, none of them negative.

    Args:
        size: of a feature vector.
    """

    def __init__(self, size: int) -> None:
        self._sums = np.zeros((2, size))

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features (N, size) of each, equally many."""
        self._sums += [real.sum(0), fake.sum(0)]

    def result(self) -> dict[str, Any]:
        """`value`, the ratio that is furthest from 1 in either direction, and all `ratios`.

        None where either has nothing of a feature, or less.
        """
        if not (self._sums > 0).all():
            lacking = "samples" if (self._sums[0] > 0).all() else "real clips"
            warning = f"{lacking} have nothing of a feature, or less: no ratio"
            return {"value": None, "ratios": None, "warning": warning}
        ratios = self._sums[1] / self._sums[0]
        furthest = ratios[np.abs(np.log(ratios)).argmax()]
        return {"value": float(furthest), "ratios": ratios.tolist()}

    def state(self) -> State:
        """Everything, as arrays."""
        return {"sums": self._sums}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self._sums = state["sums"].copy()
