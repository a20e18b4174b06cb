"""What a run will take, from a few of its own steps."""

import math
import time
from dataclasses import dataclass

import torch

from tgan.system.device import wait_for
from tgan.system.memory import peak_resident
from tgan.training.run import Run
from tgan.training.streams import streams_of

# Steps that are not timed: in the first ones libraries choose and tables are made.
_FIRST = 2
# Steps that are timed, unless they take longer than so many seconds; a clip every five is in them.
_TIMED, _SECONDS = 10, 60.0


@dataclass(frozen=True)
class Estimate:
    """What the steps of a run take, on this machine as busy as it is now.

    Attributes:
        seconds: per step, clips and projections included; previews, reports, checkpoints and
            distances are not.
        steps: that are left.
        memory: the most bytes that the process held, on a GPU those of PyTorch there; None where
            nothing tells.
    """

    seconds: float
    steps: int
    memory: float | None

    def __str__(self) -> str:
        held = "" if self.memory is None else f", {self.memory / 1e9:.2g} GB of memory"
        return (
            f"estimate: {self.seconds:.3g} s per step{held}; {self.steps:,} steps take "
            f"{in_words(self.seconds * self.steps)}, and previews, reports and checkpoints beside"
        )


def estimate(run: Run, *, first_step: int = 0) -> Estimate:
    """Take a few steps of a run, whose networks are others afterwards; nothing is written.

    Args:
        first_step: that the run would start at.

    Raises:
        Exception: as `tgan.training.loop.fit`.
    """
    reals, latents = streams_of(run, first_step)
    taken: list[float] = []
    try:
        while len(taken) < _FIRST + _TIMED and sum(taken[_FIRST:]) < _SECONDS:
            begin = time.perf_counter()
            run.task.step(first_step + len(taken), reals, latents)
            wait_for(run.accelerator.device)
            taken.append(time.perf_counter() - begin)
    finally:
        reals.close()
    steps = max(run.config.train.steps - first_step, 0)
    timed = taken[_FIRST:]
    return Estimate(sum(timed) / len(timed), steps, _held(run.accelerator.device))


def in_words(seconds: float) -> str:
    """A time as somebody says it who waits for it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _held(device: torch.device) -> float | None:
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    held = peak_resident()
    return None if math.isnan(held) else held
