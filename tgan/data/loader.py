"""Batches of clips: an endless stream, of each of which a process gets its share."""

import signal
from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tgan.data.clips import ClipSource
from tgan.data.sampler import ClipSampler

# The label of a video that has none.
NO_LABEL = -1


class ClipBatches(Dataset):
    """Batches of clips and their labels; batch k of a run is a pure function of k.

    Clips are (N, T, H, W, C), uint8; labels are (N,), int64, with -1 for a video without one.

    Args:
        source: the clips.
        batch_size: clips of the global batch, a multiple of `world_size`.
        seed: of the order of clips.
        rank, world_size: the share of this process, consecutive rows of the global batch.

    Raises:
        ValueError: `batch_size` is no multiple of `world_size`.

    Example:
        >>> clips, labels = ClipBatches(source, batch_size=32, seed=0)[7]
        >>> clips.shape, labels.shape
        (torch.Size([32, 16, 64, 64, 3]), torch.Size([32]))
    """

    def __init__(
        self,
        source: ClipSource,
        *,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if batch_size % world_size:
            raise ValueError(f"batch_size {batch_size} is not a multiple of {world_size} processes")
        self.source = source
        self.sampler = ClipSampler(len(source), batch_size=batch_size, seed=seed)
        share = batch_size // world_size
        self.rows = slice(rank * share, (rank + 1) * share)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        indices, positions = (drawn[self.rows] for drawn in self.sampler.batch(number))
        clips = np.empty((len(indices), *self.source.shape), np.uint8)
        for clip, index, position in zip(clips, indices.tolist(), positions, strict=True):
            start = int(position * self.source.num_starts(index))
            clip[:] = self.source.clip(index, start)
        labels = [self.source.label(index) for index in indices.tolist()]
        numbers = [NO_LABEL if label is None else label for label in labels]
        return torch.from_numpy(clips), torch.tensor(numbers)


def stream_batches(
    batches: ClipBatches, *, first: int, workers: int = 0, pin_memory: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches `first`, `first` + 1, ... without end, read ahead by `workers` processes.

    Raises:
        ValueError, OSError: as the source did, in whichever process, when the turn of the batch
            comes that needed the clip.
    """
    loader = DataLoader(
        _ErrorsAsValues(batches),
        batch_size=None,
        sampler=count(first),
        num_workers=workers,
        pin_memory=pin_memory,
        # The loader seeds its workers from here rather than from the global generator.
        generator=torch.Generator().manual_seed(0),
        worker_init_fn=_leave_interrupts_to_the_main_process,
    )
    for batch in loader:
        if isinstance(batch, Exception):
            raise batch
        yield batch


class _ErrorsAsValues(Dataset):
    """Batches, or what a source raises, which a loader would wrap in a worker's traceback."""

    def __init__(self, batches: ClipBatches) -> None:
        self.batches = batches

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor] | ValueError | OSError:
        try:
            return self.batches[number]
        except (ValueError, OSError) as error:
            return error


def _leave_interrupts_to_the_main_process(worker: int) -> None:
    # Ctrl-C reaches every process; the main one finishes its step and saves, for which it may
    # need another batch.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
