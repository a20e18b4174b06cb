"""Streams of training: batches of real samples and of latents, a process's share of each."""

from collections.abc import Iterator
from itertools import count

import torch
from torch import Tensor

from tgan.data.clips import ClipSource
from tgan.data.loader import ClipBatches, stream_batches
from tgan.data.pixels import normalise
from tgan.models.conditions import Conditioning
from tgan.sampling.decoding import batch_latents
from tgan.training.steps import Batch


def real_batches(
    source: ClipSource,
    conditioning: Conditioning,
    *,
    batch_size: int,
    seed: int,
    device: torch.device,
    first: int = 0,
    rank: int = 0,
    world_size: int = 1,
    workers: int = 0,
) -> Iterator[Batch]:
    """Yield normalised real clips (N, C, T, H, W) with their condition, from batch `first` on.

    Args:
        batch_size: of the global batch, of which a process keeps its share.
        rank, world_size: this process among those that share the batch.
        workers: processes that read ahead.
    """
    share = {"rank": rank, "world_size": world_size}
    batches = ClipBatches(source, batch_size=batch_size, seed=seed, **share)
    stream = stream_batches(batches, first=first, workers=workers, pin_memory=device.type == "cuda")
    for clips, labels in stream:
        samples = normalise(clips.to(device, non_blocking=True))
        yield Batch(samples, conditioning.of(samples, labels.to(device, non_blocking=True)))


def latent_batches(
    size: int,
    *,
    batch_size: int,
    seed: int,
    device: torch.device,
    first: int = 0,
    rank: int = 0,
    world_size: int = 1,
) -> Iterator[Tensor]:
    """Yield latents (N, size), uniform on [-1, 1], from draw `first` on; arguments as above."""
    share = batch_size // world_size
    for draw in count(first):
        latents = batch_latents(seed, draw, batch_size=batch_size, size=size)
        yield latents[rank * share : (rank + 1) * share].to(device)
