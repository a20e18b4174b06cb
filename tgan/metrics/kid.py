"""`kid_*`: the kernel distance, an unbiased estimate even from few samples."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tgan.metrics.running import RunningMean
from tgan.metrics.state import State, join, part_of

DEGREE = 3
# Binkowski et al. 2018 estimate on 1,000 samples at a time.
BLOCK, MIN_BLOCKS = 1000, 10


def block_size(samples: int) -> int:
    """Samples per estimate: 1,000, or as few as leave ten estimates, at least 2."""
    return max(min(BLOCK, samples // MIN_BLOCKS), 2)


class KernelDistance:
    """The mean of the squared maximum mean discrepancy over blocks of consecutive samples.

    Samples left over at the end, less than a block, are not used.

    Args:
        size: of a feature vector.
        block: samples of each kind per estimate, at least 2.
    """

    def __init__(self, size: int, *, block: int) -> None:
        self._buffer = np.zeros((2, block, size))
        self._filled, self._estimates = 0, RunningMean()

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features (N, size) of each."""
        pair, block = np.stack([real, fake]), self._buffer.shape[1]
        while pair.shape[1]:
            taken = pair[:, : block - self._filled]
            self._buffer[:, self._filled : self._filled + taken.shape[1]] = taken
            self._filled += taken.shape[1]
            pair = pair[:, taken.shape[1] :]
            if self._filled == block:
                self._estimates.add(np.array([kernel_distance(*self._buffer)]))
                self._filled = 0

    def result(self) -> dict[str, Any]:
        """`value` and its standard error over the blocks, which may be below 0 by chance."""
        blocks, size = self._estimates.count, self._buffer.shape[1]
        found = {"value": self._estimates.mean, "stderr": self._estimates.stderr}
        if blocks < 2:
            found["warning"] = f"{blocks} block of {size} samples: no standard error"
        return found | {"block": size, "blocks": blocks}

    def state(self) -> State:
        """Everything, as arrays."""
        own = {"buffer": self._buffer[:, : self._filled]}
        return join(own=own, estimates=self._estimates.state())

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        held = part_of(state, "own")["buffer"]
        self._filled = held.shape[1]
        self._buffer[:, : self._filled] = held
        self._estimates.load_state(part_of(state, "estimates"))


def kernel_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased squared MMD between samples (M, D) and (N, D) under k(x, y) = (x.y / D + 1)^3.

    Source: Binkowski et al. 2018, equation 4 (U-statistic) and section 4 (kernel).
    """
    off_diagonals = _off_diagonal_mean(_kernel(x, x)) + _off_diagonal_mean(_kernel(y, y))
    return float(off_diagonals - 2 * _kernel(x, y).mean())


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** DEGREE


def _off_diagonal_mean(gram: np.ndarray) -> float:
    count = len(gram)
    return (gram.sum() - np.trace(gram)) / (count * (count - 1))
