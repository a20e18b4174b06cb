"""Batches of clips: an endless stream, of each of which a process gets its share."""

import itertools
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Protocol, TypeVar

import numpy as np
import torch

from tgan.data.clips import ClipSource
from tgan.data.readers import Batches, Readers
from tgan.data.sampler import ClipSampler, Draw
from tgan.system.threads import map_in_threads

T = TypeVar("T")

# The label of a video that has none.
NO_LABEL = -1


class ClipBatches:
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

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, T, H, W, C) of the clips of a batch."""
        return self.rows.stop - self.rows.start, *self.source.shape

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        clips, labels = self.empty()
        labels[:] = list(self.each(number, clips, self._read))
        return torch.from_numpy(clips), torch.from_numpy(labels)

    def draws(self, number: int) -> range:
        """The draws of this process's share of a batch."""
        return self.sampler.draws(number)[self.rows]

    def empty(self) -> tuple[np.ndarray, np.ndarray]:
        """Room for the clips and labels of a batch."""
        return np.empty(self.shape, np.uint8), np.empty(self.shape[0], np.int64)

    def each(
        self, number: int, clips: np.ndarray, read: Callable[[int, np.ndarray], T]
    ) -> Iterator[T]:
        """Yield `read` of each draw of a batch and of the room for its clip, in order.

        A source that says that it `decodes` is read by as many threads as PyTorch has.
        """
        rows = list(zip(self.draws(number), clips, strict=True))
        threads = torch.get_num_threads() if getattr(self.source, "decodes", False) else 1
        if threads == 1:
            return itertools.starmap(read, rows)
        return map_in_threads(lambda row: read(*row), rows, threads=threads)

    def _read(self, draw: int, clip: np.ndarray) -> int:
        return self.read(self.sampler.draw(draw), clip)

    def read(self, draw: Draw, clip: np.ndarray) -> int:
        """Read the clip of a draw into `clip`, and return its label."""
        index, position = draw
        start = int(position * self.source.num_starts(index))
        pixels = self.source.clip(index, start)
        if pixels.shape != clip.shape or pixels.dtype != np.uint8:
            found = f"{pixels.dtype} {pixels.shape}"
            raise ValueError(f"a clip is {found}; uint8 {clip.shape} is needed")
        clip[:] = pixels
        label = self.source.label(index)
        return NO_LABEL if label is None else label


class Stream(Protocol):
    """Batches in turn."""

    def __next__(self) -> tuple[Any, ...]: ...

    def wait(self, seconds: float) -> bool:
        """Wait so long at most, and tell whether the next batch is there, or can be read now."""
        ...

    def close(self) -> object:
        """End what reads ahead."""
        ...


class ReadHere:
    """Batches `first`, `first` + 1, ..., read by this process when they are asked for."""

    def __init__(self, batches: Batches, *, first: int, pin_memory: bool = False) -> None:
        self._batches, self._numbers, self._pin_memory = batches, count(first), pin_memory

    def __next__(self) -> tuple[Any, ...]:
        clips, *others = self._batches[next(self._numbers)]
        return (clips.pin_memory() if self._pin_memory else clips, *others)

    def wait(self, seconds: float) -> bool:
        """Return True: a batch can be read at any time."""
        return True

    def close(self) -> None:
        """Do nothing: nothing reads ahead."""


def open_stream(
    batches: Batches,
    *,
    first: int,
    workers: int = 0,
    pin_memory: bool = False,
    timeout: float = 0,
) -> Stream:
    """Open the stream of batches `first`, `first` + 1, ..., read ahead by `workers` processes.

    Args:
        timeout: seconds to wait for a process; 0 waits for ever.

    Raises:
        OSError: as `tgan.data.readers.Readers`.
    """
    if workers == 0:
        return ReadHere(batches, first=first, pin_memory=pin_memory)
    settings = {"workers": workers, "timeout": timeout, "pin_memory": pin_memory}
    return Readers(batches, first=first, **settings)


def stream_batches(batches: Batches, *, first: int, workers: int = 0) -> Iterator[tuple[Any, ...]]:
    """Yield batches `first`, `first` + 1, ... without end, read ahead by `workers` processes.

    Raises:
        ValueError, OSError: as the source did, in whichever process, when the turn of the batch
            comes that needed the clip; or as `open_stream`.
    """
    stream = open_stream(batches, first=first, workers=workers)
    try:
        while True:
            yield next(stream)
    finally:
        stream.close()
