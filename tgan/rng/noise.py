"""Random numbers of a training step that do not depend on how many processes share the batch."""

import torch
from torch import Tensor

from tgan.rng import Stream, seed_of


class Noise:
    """Uniform numbers for the samples of one step, as a function of its keys alone.

    Every draw is made for the global batch, of which a process keeps its share, so that two
    processes see what one would see.

    Args:
        keys: non-negative integers, such as the run's seed and the step.
        rank, world_size: this process among those that share the batch.
    """

    def __init__(self, *keys: int, rank: int = 0, world_size: int = 1) -> None:
        self._keys, self._rank, self._world_size = keys, rank, world_size
        self._draws = 0

    def uniform(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Numbers on [0, 1), new ones at every call, of the device and dtype of `like`.

        Args:
            shape: its first axis counts the samples of this process.
        """
        generator = torch.Generator().manual_seed(seed_of(Stream.NOISE, *self._keys, self._draws))
        self._draws += 1
        count = shape[0]
        drawn = torch.rand(count * self._world_size, *shape[1:], generator=generator)
        return drawn[self._rank * count : (self._rank + 1) * count].to(like)
