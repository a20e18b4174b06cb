"""Streams of training: batches of real samples and of latents, a process's share of each."""

import math
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import torch
from torch import Tensor

from tgan.data.clips import ClipSource
from tgan.data.loader import open_stream
from tgan.data.pixels import normalise
from tgan.data.replaced import Account, ReplacedBatches
from tgan.models.conditions import Conditioning, OnClass
from tgan.rng import Stream, seed_of
from tgan.sampling.decoding import batch_latents, latent_size
from tgan.training.run import Run
from tgan.training.steps import Batch
from tgan.training.uploads import Uploads


class RealBatches:
    """Normalised real clips (N, C, T, H, W) with their condition, from batch `first` on.

    A clip that cannot be read is replaced by another, a function of the seed and of the number of
    the draw, and named once by `say`.

    Args:
        batch_size: of the global batch, of which a process keeps its share.
        rank, world_size: this process among those that share the batch.
        workers: processes that read ahead.
        timeout: seconds to wait for such a process; 0 waits for ever.
        max_bad_share: see `tgan.data.replaced.Account`, of the draws of this process.

    Attributes:
        account: the clips that were replaced since this stream was opened.

    Raises:
        OSError: as `tgan.data.readers.Readers`.
    """

    def __init__(
        self,
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
        timeout: float = 0,
        max_bad_share: float = 0.01,
        say: Callable[[str], object] = warnings.warn,
    ) -> None:
        self._conditioning, self._uploads = conditioning, Uploads(device)
        self._fetched: deque[tuple[Tensor, ...]] = deque()
        self.account = Account(max_bad_share=max_bad_share, say=say)
        self._stream = open_stream(
            ReplacedBatches(
                source, batch_size=batch_size, seed=seed, rank=rank, world_size=world_size
            ),
            first=first,
            workers=workers,
            timeout=timeout,
            pin_memory=device.type == "cuda",
        )

    def __iter__(self) -> "RealBatches":
        return self

    def __next__(self) -> Batch:
        """Return the next batch.

        Raises:
            ValueError, OSError: as `fetch`.
        """
        self.fetch(1)
        clips, labels = self._uploads.end(self._fetched.popleft())
        samples = normalise(clips)
        return Batch(samples, self._conditioning.of(samples, labels))

    def fetch(self, count: int, *, seconds: float = math.inf) -> bool:
        """Read the next batches, so that what goes wrong with them goes wrong here.

        Called with the number of batches that a step takes before it begins, this leaves all
        networks as they were after the step before, and has batches on their way to a device that
        is still at that step.

        Args:
            seconds: to wait at most for each.

        Returns:
            Whether they are there; if not, this can be called again.

        Raises:
            TooManyBadClips: more clips than `max_bad_share` could not be read.
            ChildProcessError: a process that reads ahead has ended.
            TimeoutError: one did not answer for `timeout` seconds, over all calls.
        """
        while len(self._fetched) < count:
            if not self._stream.wait(seconds):
                return False
            clips, labels, bad = next(self._stream)
            self._fetched.append(self._uploads.begin(clips, labels))
            self.account.add(len(clips), bad)
        return True

    def close(self) -> None:
        """End the processes that read ahead."""
        self._stream.close()


class WithLabelled:
    """Batches of real samples, each with one of labelled samples beside it.

    Args:
        reals: most of which have no class that anybody knows.
        labelled: of a few, whose condition is their class.
    """

    def __init__(self, reals: RealBatches, labelled: RealBatches) -> None:
        self._reals, self._labelled = reals, labelled

    @property
    def account(self) -> Account:
        """As of the real samples, among which the labelled ones are."""
        return self._reals.account

    def __iter__(self) -> "WithLabelled":
        return self

    def __next__(self) -> Batch:
        """Return the next batch.

        Raises:
            ValueError, OSError: as `RealBatches.fetch`.
        """
        samples, (classes,), _ = next(self._labelled)
        return next(self._reals)._replace(labelled=(samples, classes))

    def fetch(self, count: int, *, seconds: float = math.inf) -> bool:
        """Read the next batches of both, as `RealBatches.fetch` does."""
        both = (self._reals, self._labelled)
        return all(batches.fetch(count, seconds=seconds) for batches in both)

    def close(self) -> None:
        """End the processes that read ahead."""
        self._reals.close()
        self._labelled.close()


Reals = RealBatches | WithLabelled


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
    share, uploads = batch_size // world_size, Uploads(device)
    for draw in count(first):
        latents = batch_latents(seed, draw, batch_size=batch_size, size=size)
        (own,) = uploads.end(uploads.begin(latents[rank * share : (rank + 1) * share]))
        yield own


def streams_of(run: Run, first_step: int, **reading: Any) -> tuple[Reals, Iterator[Tensor]]:
    """Real samples and latents of this process, from those of `first_step` of a run on.

    Args:
        reading: how clips are read, as `RealBatches` takes it: `workers`, `timeout`,
            `max_bad_share`, `say`.
    """
    config, accelerator, task = run.config, run.accelerator, run.task
    shared = {
        "batch_size": config.train.batch_size,
        "seed": config.train.seed,
        "device": accelerator.device,
        "rank": accelerator.process_index,
        "world_size": accelerator.num_processes,
    }
    reading |= {"first": first_step * task.reals_per_step}
    reals = RealBatches(run.source, run.conditioning, **shared, **reading)
    size = latent_size(task.generator.module, config.generator)
    latents = latent_batches(size, first=first_step * task.latents_per_step, **shared)
    if run.labelled is None:
        return reals, latents
    own = shared | {"seed": seed_of(Stream.LABELLED, config.train.seed)}
    labelled = RealBatches(run.labelled, OnClass(len(run.classes)), **own, **reading)
    return WithLabelled(reals, labelled), latents
