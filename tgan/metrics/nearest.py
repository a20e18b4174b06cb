"""The nearest of many clips to each of a few, by their pixels: does a generator copy?"""

from collections.abc import Mapping

import numpy as np

from tgan.metrics.state import State


class NearestClips:
    """For each query the clip nearest to it among all that stream by; memory is constant.

    Args:
        queries: clips (K, T, H, W, C), uint8.
    """

    def __init__(self, queries: np.ndarray) -> None:
        self.queries = queries
        self.clips = np.zeros_like(queries)
        self._squares = np.full(len(queries), np.inf)
        self._flat = _flatten(queries)

    def add(self, clips: np.ndarray) -> None:
        """Compare with clips (N, T, H, W, C), uint8."""
        flat = _flatten(clips)
        # Products of bytes add up exactly in float64.
        squares = np.square(self._flat).sum(1)[:, None] + np.square(flat).sum(1)
        squares -= 2 * self._flat @ flat.T
        best = squares.argmin(1)
        for query in np.flatnonzero(squares.min(1) < self._squares):
            self._squares[query] = squares[query, best[query]]
            self.clips[query] = clips[best[query]]

    @property
    def distances(self) -> np.ndarray:
        """Root mean square difference to the nearest clip, in levels: (K,), inf before any."""
        return np.sqrt(self._squares / self._flat.shape[1])

    def state(self) -> State:
        """Everything but the queries, as arrays."""
        return {"clips": self.clips, "squares": self._squares}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self.clips, self._squares = state["clips"].copy(), state["squares"].copy()


def _flatten(clips: np.ndarray) -> np.ndarray:
    return clips.reshape(len(clips), -1).astype(np.float64)
