"""The mean and spread of numbers that arrive in batches, in constant memory."""

import math
from collections.abc import Mapping

import numpy as np

from tgan.metrics.state import State


class RunningMean:
    """Mean, deviation and standard error of independent numbers.

    Source: Chan, Golub and LeVeque 1979 (merging of means and sums of squares).
    """

    def __init__(self) -> None:
        self.count, self._mean, self._squares = 0, 0.0, 0.0

    def add(self, values: np.ndarray) -> None:
        """Take in numbers (N,)."""
        values = np.asarray(values, np.float64)
        if not len(values):
            return
        total, mean = self.count + len(values), values.mean()
        delta = mean - self._mean
        self._squares += np.square(values - mean).sum()
        self._squares += delta**2 * self.count * len(values) / total
        self._mean += delta * len(values) / total
        self.count = total

    @property
    def mean(self) -> float | None:
        """None before the first number."""
        return float(self._mean) if self.count else None

    @property
    def std(self) -> float | None:
        """With the unbiased denominator; None below two numbers."""
        return math.sqrt(self._squares / (self.count - 1)) if self.count > 1 else None

    @property
    def stderr(self) -> float | None:
        """Standard error of the mean; None below two numbers."""
        return self.std / math.sqrt(self.count) if self.count > 1 else None

    def state(self) -> State:
        """Everything, as arrays."""
        return {"numbers": np.array([self.count, self._mean, self._squares])}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        count, self._mean, self._squares = state["numbers"].tolist()
        self.count = int(count)
