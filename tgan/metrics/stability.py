"""`stable_class_*`: whether what a clip shows stays of one class in all of its frames.

A thing that vanishes or turns into another one for some frames is what the eye sees first, and a
distance between features hardly sees.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tgan.metrics.diversity import beside
from tgan.metrics.running import RunningMean
from tgan.metrics.state import State, join, part_of

# A frame is of the class that has more of the probability than all others together.
SURE = 0.5


class StableClass:
    """The share of clips whose every frame is of one and the same class, real ones beside it.

    A frame of which a classifier is not sure is of none. Says nothing of which classes there are,
    nor of clips that stand still: `class_histogram_*` and a network of clips do.
    """

    def __init__(self) -> None:
        self._sides = {name: _Side() for name in ("real", "fake")}

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in probabilities (N, T, K) of the frames of each."""
        for side, probabilities in zip(self._sides.values(), (real, fake), strict=True):
            shares = commonest_class(probabilities)
            side.stable.add(shares == 1)
            side.commonest.add(shares)

    def result(self) -> dict[str, Any]:
        """`value` of the samples and of `real` clips; each with its `commonest`.

        That is the mean share of the frames of a clip which are of its commonest class.
        """
        real, fake = self._sides.values()
        found = beside(real.stable, fake.stable)
        found["commonest"] = fake.commonest.mean
        found["real"]["commonest"] = real.commonest.mean
        return found

    def state(self) -> State:
        """Everything, as arrays."""
        return join(**{name: side.state() for name, side in self._sides.items()})

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        for name, side in self._sides.items():
            side.load_state(part_of(state, name))


def commonest_class(probabilities: np.ndarray) -> np.ndarray:
    """The share of each clip's frames that are of its commonest class: (N,), from 0 to 1.

    Args:
        probabilities: of classes of frames, (N, T, K).
    """
    return (np.asarray(probabilities) > SURE).mean(1).max(1)


class _Side:
    """What is known of the clips of one kind."""

    def __init__(self) -> None:
        self.stable, self.commonest = RunningMean(), RunningMean()

    def state(self) -> State:
        return join(stable=self.stable.state(), commonest=self.commonest.state())

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        self.stable.load_state(part_of(state, "stable"))
        self.commonest.load_state(part_of(state, "commonest"))
