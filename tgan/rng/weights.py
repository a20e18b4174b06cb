"""Weights of networks as a function of keys."""

from collections.abc import Callable
from typing import TypeVar

import torch

from tgan.rng.streams import Stream, seed_of

Made = TypeVar("Made")


def seeded(make: Callable[[], Made], *keys: int, stream: Stream = Stream.WEIGHTS) -> Made:
    """What `make` returns when PyTorch's global generators start from the keys alone.

    The generators are as they were afterwards.

    Example:
        >>> first, again = (seeded(lambda: torch.rand(3), 7) for _ in range(2))
        >>> bool((first == again).all())
        True
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed_of(stream, *keys))
        return make()
