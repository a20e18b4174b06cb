"""What a run will take, from a few of its own steps: told before it, or by its first ones."""

import math
import sys
import time
from dataclasses import dataclass

import torch

from tgan.system.device import wait_for
from tgan.system.memory import peak_resident
from tgan.system.progress import write
from tgan.training.health import is_due
from tgan.training.room import lack_of_memory
from tgan.training.run import Run
from tgan.training.streams import streams_of

# Steps that are not timed: in the first ones libraries choose and tables are made.
_FIRST = 2
# Steps that are timed, unless they take longer than so many seconds; a clip every five is in them.
_TIMED, _SECONDS = 10, 60.0
# A run tells its estimate where so many times the steps that were taken for it are still to come.
_WORTH = 4


@dataclass(frozen=True)
class Estimate:
    """What the steps of a run take, on this machine as busy as it is now.

    Attributes:
        seconds: per step, clips and projections included; previews, reports, checkpoints and
            distances are not.
        steps: that are left.
        memory: the most bytes that the process held, on a GPU those of PyTorch there; None where
            nothing tells.
        warning: a line where that is about all that there is.
    """

    seconds: float
    steps: int
    memory: float | None
    warning: str | None = None

    def __str__(self) -> str:
        held = "" if self.memory is None else f", {self.memory / 1e9:.2g} GB of memory"
        return (
            f"estimate: {self.seconds:.3g} s per step{held}; {self.steps:,} steps take "
            f"{in_words(self.seconds * self.steps)}, and previews, reports and checkpoints beside"
        )


class Stopwatch:
    """Times steps between `begin` and `end`, but for the first ones.

    Nobody waits for a device here: steps count from one `end` at which it was waited for to
    another.

    Attributes:
        taken: steps, timed or not.
    """

    def __init__(self) -> None:
        self.taken = 0
        self._since: float | None = None
        self._steps, self._sum = 0, 0.0
        self._counts = False

    @property
    def seconds(self) -> float:
        """Per timed step."""
        return self._sum / self._steps

    def begin(self) -> None:
        """Begin a step."""
        self._since = time.perf_counter()

    def end(self, *, waited: bool) -> bool:
        """End a step that was begun, and tell whether enough were timed.

        Args:
            waited: whether the device has done all that it was asked for.
        """
        if self._since is None:
            return False
        self._sum += time.perf_counter() - self._since
        self._since = None
        self._steps, self.taken = self._steps + 1, self.taken + 1
        if waited and not self._counts and self.taken >= _FIRST:
            self._counts, self._steps, self._sum = True, 0, 0.0
        return waited and self._steps > 0 and self._is_enough()

    def _is_enough(self) -> bool:
        return self._counts and (self._steps >= _TIMED or self._sum >= _SECONDS)


class OwnEstimate:
    """The estimate that a run makes by its own first steps, and tells once, if many are to come.

    Args:
        last_step: that the run ends at.

    Example:
        >>> estimate = OwnEstimate(run, last_step=100)
        >>> for step in range(100):
        ...     estimate.end(step)
        ...     estimate.begin()
        ...     terms = task.step(step, reals, latents)
    """

    def __init__(self, run: Run, *, last_step: int) -> None:
        self._run, self._last = run, last_step
        self._watch: Stopwatch | None = Stopwatch() if run.accelerator.is_main_process else None
        self._waits = run.accelerator.device.type == "cpu"

    def begin(self) -> None:
        """Begin a step."""
        if self._watch is not None:
            self._watch.begin()

    def end(self, step: int) -> None:
        """End the step before `step`, after its numbers were looked at if that was due."""
        waited = self._waits or is_due(step, self._run.config.log)
        if self._watch is None or not self._watch.end(waited=waited):
            return
        left, watch, self._watch = self._last - step, self._watch, None
        if left < _WORTH * watch.taken:
            return
        found = _estimate_of(self._run, watch, steps=left)
        write(str(found))
        if found.warning is not None:
            write(f"warning: {found.warning}", file=sys.stderr)


def estimate(run: Run, *, first_step: int = 0) -> Estimate:
    """Take a few steps of a run, whose networks are others afterwards; nothing is written.

    Args:
        first_step: that the run would start at.

    Raises:
        Exception: as `tgan.training.loop.fit`.
    """
    reals, latents = streams_of(run, first_step)
    watch, is_known = Stopwatch(), False
    try:
        while not is_known:
            watch.begin()
            run.task.step(first_step + watch.taken, reals, latents)
            wait_for(run.accelerator.device)
            is_known = watch.end(waited=True)
    finally:
        reals.close()
    return _estimate_of(run, watch, steps=max(run.config.train.steps - first_step, 0))


def in_words(seconds: float) -> str:
    """A time as somebody says it who waits for it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _estimate_of(run: Run, watch: Stopwatch, *, steps: int) -> Estimate:
    held = _held(run.accelerator.device)
    return Estimate(watch.seconds, steps, held, lack_of_memory(run, held))


def _held(device: torch.device) -> float | None:
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    held = peak_resident()
    return None if math.isnan(held) else held
