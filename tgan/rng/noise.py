"""Random numbers of a training step that do not depend on how many processes share the batch."""

import math

import torch
from torch import Tensor

from tgan.rng import Stream, seed_of
from tgan.rng.splitmix import uniform
from tgan.system.device import upload

# Numbers per sample that are drawn at once, of which small draws take their share.
_AHEAD = 32


class Noise:
    """Uniform numbers for the samples of one step, as a function of its keys alone.

    They are made on the device that needs them, equal on all to the bit. Each sample of the global
    batch has numbers of its own, of which a process makes those of its share: two processes see
    what one would see.

    Args:
        keys: non-negative integers, such as the run's seed and the step.
        rank: of this process among those that share the batch.
    """

    def __init__(self, *keys: int, rank: int = 0) -> None:
        self._keys, self._rank = keys, rank
        self._key: int | Tensor = seed_of(Stream.NOISE, *keys)
        self._ahead = torch.empty(0, 0)
        self._drawn = 0

    def part(self, number: int) -> "Noise":
        """Noise of its own for a part of the step, from 0: whatever other parts draw."""
        # Keys that end in 0 give what they give without it.
        return Noise(*self._keys, number + 1, rank=self._rank)

    def held(self, device: torch.device) -> "Noise":
        """New noise whose key is in the memory of a device, where it can be changed."""
        noise = Noise(*self._keys, rank=self._rank)
        noise._key = torch.tensor(noise._key, device=device)
        return noise

    def follow(self, other: "Noise") -> None:
        """Take over the key of new noise, for work that was recorded with this one's.

        Nobody waits for the copy.
        """
        assert isinstance(self._key, Tensor), "noise that is not held follows none"
        self._key.copy_(upload(torch.tensor(other._key), self._key.device))

    def uniform(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Numbers on [0, 1), new ones at every call, of the device and dtype of `like`.

        Args:
            shape: its first axis counts the samples of this process.
        """
        rows, size = shape[0], math.prod(shape[1:])
        kept = self._ahead
        if size > kept.shape[1] or len(kept) != rows or kept.device != like.device:
            kept = self._draw(rows, max(size, _AHEAD), like.device)
        drawn, self._ahead = kept[:, :size], kept[:, size:]
        return drawn.reshape(shape).to(like)

    def _draw(self, rows: int, size: int, device: torch.device) -> Tensor:
        """The next numbers of each sample: (rows, size), or one more."""
        first = self._rank * rows
        numbers = torch.arange(first, first + rows, device=device)[:, None]
        count, begin = (size + 1) // 2, self._drawn
        self._drawn += count
        return uniform(self._key, numbers, first=begin, count=count)
