"""`inception_score_*`: whether a classifier is sure of every sample and sees every class."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tgan.metrics.state import State, join, part_of

# Added inside both logarithms, as in the authors' program.
EPSILON = 1e-7
# Below so many samples per class the classes' shares are guesses, and scores come out low.
SAMPLES_PER_CLASS = 10


class InceptionScore:
    """Scores of consecutive, equally large groups of samples: their mean and deviation.

    A score grows with the size of its group, so only scores of one size compare. Samples left
    over at the end, less than a group, are not used. The same of real clips, where they are
    given, is what a perfect generator would get.

    Args:
        classes: K.
        group: samples per score.
    """

    def __init__(self, classes: int, *, group: int) -> None:
        self.classes = classes
        self.real, self.fake = _Scores(classes, group), _Scores(classes, group)

    def add(self, real: np.ndarray | None, fake: np.ndarray) -> None:
        """Take in probabilities (N, K) of each."""
        self.fake.add(fake)
        if real is not None:
            self.real.add(real)

    def result(self) -> dict[str, Any]:
        """`value` is the mean, `std` the deviation over the `scores`, the same of `real`."""
        found = self.fake.result() | {"group": self.fake.group, "epsilon": EPSILON}
        if self.real.finished:
            found["real"] = self.real.result()
        if self.fake.group < SAMPLES_PER_CLASS * self.classes:
            found["warning"] = (
                f"{self.fake.group} samples per score and {self.classes} classes: too low, and "
                "comparable only with scores of as many"
            )
        return found

    def state(self) -> State:
        """Everything, as arrays."""
        return join(real=self.real.state(), fake=self.fake.state())

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self.real.load_state(part_of(state, "real"))
        self.fake.load_state(part_of(state, "fake"))


def inception_score(probabilities: np.ndarray) -> float:
    """exp of the mean over samples of KL(p(y|x) || p(y)), from probabilities (N, K); 1 to K.

    Source: Salimans et al. 2016, section 4; with the epsilon of the authors' code
    (`evaluation/calc_inception.py`).
    """
    scores = _Scores(probabilities.shape[1], len(probabilities))
    scores.add(probabilities)
    return scores.finished[0]


class _Scores:
    """Running sums of p and of p log p, cut into groups."""

    def __init__(self, classes: int, group: int) -> None:
        self.group, self.finished = group, []
        self._restart(classes)

    def add(self, probabilities: np.ndarray) -> None:
        probabilities = np.asarray(probabilities, np.float64)
        while len(probabilities):
            taken = probabilities[: self.group - self._count]
            self._count += len(taken)
            self._sum += taken.sum(0)
            self._negative_entropy += (taken * np.log(taken + EPSILON)).sum()
            probabilities = probabilities[len(taken) :]
            if self._count == self.group:
                self.finished.append(self._score())
                self._restart(len(self._sum))

    def result(self) -> dict[str, Any]:
        scores = np.array(self.finished)
        std = float(scores.std(ddof=1)) if len(scores) > 1 else None
        return {"value": float(scores.mean()), "std": std, "scores": scores.tolist()}

    def state(self) -> State:
        return {
            "finished": np.array(self.finished),
            "sum": self._sum,
            "numbers": np.array([self._count, self._negative_entropy]),
        }

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        count, self._negative_entropy = state["numbers"].tolist()
        self._count, self._sum = int(count), state["sum"].copy()
        self.finished = state["finished"].tolist()

    def _score(self) -> float:
        # Every sample has the same second term, so only the sum of p is needed for it.
        cross = self._sum @ np.log(self._sum / self._count + EPSILON)
        return float(np.exp((self._negative_entropy - cross) / self._count))

    def _restart(self, classes: int) -> None:
        self._count, self._sum, self._negative_entropy = 0, np.zeros(classes), 0.0
