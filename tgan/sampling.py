"""Samples that depend on their seed alone."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from tgan.pixels import to_bytes
from tgan.rng import Stream, seed_of


def seed_latents(seeds: Iterable[int], size: int) -> Tensor:
    """One slow latent per seed, uniform on [-1, 1]: (len(seeds), size), float32, on the CPU.

    Row k is a function of seed k alone.

    Raises:
        ValueError: a seed is negative.
    """
    return torch.stack([_uniform((size,), seed_of(Stream.SAMPLES, seed)) for seed in seeds])


def batch_latents(seed: int, draw: int, *, batch_size: int, size: int) -> Tensor:
    """Slow latents of a global batch in training, a function of (seed, draw): (B, size), CPU."""
    return _uniform((batch_size, size), seed_of(Stream.LATENTS, seed, draw))


@torch.no_grad()
def sample_videos(
    generator: nn.Module, seeds: Sequence[int], *, size: int, batch_size: int = 16
) -> Iterator[np.ndarray]:
    """Yield one video (T, H, W, C), uint8, per seed, in inference mode.

    Args:
        generator: maps latents (N, size) to videos (N, C, T, H, W); its training mode is restored.
        seeds: non-negative.
        size: numbers in a latent.
        batch_size: how many are made at once; it changes no latent, and pixels by 1 at most.
    """
    device = next(generator.parameters()).device
    was_training = generator.training
    generator.eval()
    try:
        for begin in range(0, len(seeds), batch_size):
            latents = seed_latents(seeds[begin : begin + batch_size], size).to(device)
            yield from to_bytes(generator(latents)).cpu().numpy()
    finally:
        generator.train(was_training)


def _uniform(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).mul_(2).sub_(1)
