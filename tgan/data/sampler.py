"""Order of clips: a pure function of the seed and of the number of a draw."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from tgan.rng import Stream, numpy_rng

# A video, and a position in [0, 1) in it.
Draw = tuple[int, float]


class ClipSampler:
    """Order of videos, drawn without replacement, pass after pass, and a position in each.

    Draw p of a run is the same whatever was drawn before, however large the batches are and
    however many processes share them, so a resumed run goes on exactly where it stopped.

    Args:
        num_videos: at least 1.
        batch_size: clips of the global batch.
        seed: of the order and of the positions.

    Raises:
        ValueError: `num_videos` or `batch_size` is below 1.

    Example:
        >>> indices, positions = ClipSampler(100, batch_size=4, seed=0).batch(7)
    """

    def __init__(self, num_videos: int, *, batch_size: int, seed: int) -> None:
        if num_videos < 1 or batch_size < 1:
            raise ValueError(f"cannot draw batches of {batch_size} from {num_videos} videos")
        self.num_videos, self.batch_size, self.seed = num_videos, batch_size, seed

    def batch(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw global batch `number`: video indices (B,), and positions in [0, 1) in them (B,)."""
        positions = [self._position(draw) for draw in self.draws(number)]
        return self.indices(number), np.array(positions)

    def indices(self, number: int) -> np.ndarray:
        """Draw the video indices (B,) of global batch `number` alone."""
        return np.array([self._index(draw) for draw in self.draws(number)])

    def draws(self, number: int) -> range:
        """Return the numbers of the draws of global batch `number`."""
        return range(number * self.batch_size, (number + 1) * self.batch_size)

    def draw(self, draw: int) -> Draw:
        """Draw a video and a position in it."""
        return self._index(draw), self._position(draw)

    def replacements(self, draw: int, count: int) -> Iterator[Draw]:
        """Draw others to take the place of a video that cannot be read: any of all videos."""
        for attempt in range(count):
            rng = numpy_rng(Stream.REPLACEMENTS, self.seed, draw, attempt)
            yield int(rng.integers(self.num_videos)), rng.random()

    def _index(self, draw: int) -> int:
        number, place = divmod(draw, self.num_videos)
        return int(_permutation(self.num_videos, self.seed, number)[place])

    def _position(self, draw: int) -> float:
        return numpy_rng(Stream.STARTS, self.seed, draw).random()


@lru_cache(maxsize=2)
def _permutation(count: int, seed: int, number: int) -> np.ndarray:
    return numpy_rng(Stream.ORDER, seed, number).permutation(count)
