"""Samples that depend on their seed alone."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from tgan.config import GeneratorConfig
from tgan.data.pixels import to_bytes
from tgan.models.modes import evaluating
from tgan.rng import Stream, seed_of
from tgan.system.precision import without_tf32


def latent_size(generator: nn.Module, settings: GeneratorConfig) -> int:
    """How many numbers a generator's latent has: what itself says, or `z_slow` of its settings."""
    return getattr(generator, "latent_size", settings.z_slow)


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


def sample_videos(
    generator: nn.Module,
    seeds: Sequence[int],
    *,
    size: int,
    batch_size: int = 16,
    condition: tuple[Tensor, ...] = (),
) -> Iterator[np.ndarray]:
    """Yield one video (T, H, W, C), uint8, per seed; arguments as for `sample_batches`."""
    sizes = {"size": size, "batch_size": batch_size}
    for video in sample_batches(generator, seeds, **sizes, condition=condition):
        yield from to_bytes(video).cpu().numpy()


@torch.no_grad()
def sample_batches(
    generator: nn.Module,
    seeds: Sequence[int],
    *,
    size: int,
    batch_size: int = 16,
    condition: tuple[Tensor, ...] = (),
) -> Iterator[Tensor]:
    """Yield videos (N, C, T, H, W) in [-1, 1] of all seeds in turn, in inference mode.

    Args:
        generator: maps latents (N, size), and conditions, to videos; its training mode is restored.
        seeds: non-negative.
        size: numbers in a latent.
        batch_size: how many are made at once; it changes no latent, and pixels by 1/128 at most.
        condition: of all samples, as `tgan.models.conditions` makes it, on any device.
    """
    device = next(generator.parameters()).device
    with evaluating(generator):
        for begin in range(0, len(seeds), batch_size):
            part = slice(begin, begin + batch_size)
            latents = seed_latents(seeds[part], size).to(device)
            with without_tf32():
                video = generator(latents, *(tensor[part].to(device) for tensor in condition))
            yield video


def _uniform(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).mul_(2).sub_(1)
