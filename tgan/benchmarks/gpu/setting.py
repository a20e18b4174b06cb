"""Where the measurements of the first hour run, and at which sizes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from statistics import median
from typing import Any

import torch

from tgan.config import Config
from tgan.config.reading import make_config
from tgan.runs.build import build_task
from tgan.system.device import wait_for
from tgan.system.precision import set_kernels
from tgan.training.gan import GANTask
from tgan.training.processes import make_accelerator
from tgan.training.steps import Batch

# The paper's networks on RGB clips of 16x64x64.
PAPER: dict[str, Any] = {"constraint.name": "none", "train.batch_size": 32}
SMALL: dict[str, Any] = {
    "data.resolution": 32,
    "generator.width": 16,
    "generator.temporal_width": 8,
    "critic.width": 4,
    "train.batch_size": 4,
}


@dataclass(frozen=True)
class Setting:
    """A device, and whether sizes are next to nothing, to see that everything runs.

    Attributes:
        steps: that are timed, after `before` that are not.
    """

    device: str
    quick: bool = False

    @property
    def steps(self) -> int:
        return 2 if self.quick else 50

    @property
    def before(self) -> int:
        return 1 if self.quick else 20

    def config(self, **settings: Any) -> Config:
        """An experiment at the paper's sizes; dots in names are written as two underscores."""
        named = {name.replace("__", "."): value for name, value in settings.items()}
        return make_config(None, PAPER | named | (SMALL if self.quick else {}))

    def task(self, config: Config) -> "Steps":
        """Networks on the device, and batches for them there."""
        return Steps(config, self.device)

    def wait(self) -> None:
        """Wait until the device has done all that was asked of it."""
        wait_for(torch.device(self.device))

    def seconds(self, work: Callable[[], object], *, times: int, before: int = 1) -> float:
        """The median of what some work takes, its end on the device included."""
        for _ in range(before):
            work()
        taken = []
        for _ in range(times):
            self.wait()
            begin = time.perf_counter()
            work()
            self.wait()
            taken.append(time.perf_counter() - begin)
        return median(taken)

    def peak(self, work: Callable[[], object]) -> float | None:
        """The most bytes of the GPU that some work takes, with what is there already."""
        if torch.device(self.device).type != "cuda":
            work()
            return None
        torch.cuda.reset_peak_memory_stats()
        work()
        return float(torch.cuda.max_memory_allocated())


class Steps:
    """Steps of a task, all on the same random batch."""

    def __init__(self, config: Config, device: str) -> None:
        train = config.train
        accelerator = make_accelerator(
            mixed_precision=train.mixed_precision,
            device=device,
            tf32=train.tf32,
            deterministic=train.deterministic,
        )
        self.task: GANTask = build_task(config, accelerator)
        data, count, self._number = config.data, train.batch_size, 0
        size = (count, data.channels, data.num_frames, data.resolution, data.resolution)
        self.real = torch.rand(size, device=accelerator.device) * 2 - 1
        self.z = torch.rand(count, config.generator.z_slow, device=accelerator.device) * 2 - 1

    def __call__(self) -> None:
        """Take the next step."""
        self.task.step(self._number, repeat(Batch(self.real)), repeat(self.z))
        self._number += 1


@contextmanager
def default_kernels() -> Iterator[None]:
    """Have the choice of kernels be the default one afterwards."""
    try:
        yield
    finally:
        set_kernels(tf32=True, deterministic=False)
