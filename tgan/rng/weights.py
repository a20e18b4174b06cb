"""Weights of networks, and draws of PyTorch's own layers, as a function of keys."""

from collections.abc import Callable
from typing import TypeVar

import torch

from tgan.rng.streams import Stream, seed_of

Made = TypeVar("Made")


def seeded(
    make: Callable[[], Made],
    *keys: int,
    stream: Stream = Stream.WEIGHTS,
    device: torch.device | str = "cpu",
) -> Made:
    """What `make` returns when PyTorch's global generators start from the keys alone.

    They are as they were afterwards. Generators of devices that nothing is drawn on are left
    alone: PyTorch would save the state of each at every call, and warn where there are several.

    Args:
        device: what `make` draws on, beside the CPU.

    Example:
        >>> first, again = (seeded(lambda: torch.rand(3), 7) for _ in range(2))
        >>> bool((first == again).all())
        True
    """
    device, seed = torch.device(device), seed_of(stream, *keys)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            number = torch.cuda.current_device() if device.index is None else device.index
            torch.cuda.default_generators[number].manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)
        return make()
