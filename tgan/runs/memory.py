"""Whether the memory that there is suffices for a step of a run."""

import torch
from torch import Tensor

from tgan.runs.build import critic_example
from tgan.sampling.decoding import latent_size
from tgan.training.footprint import peak_of_step
from tgan.training.room import gigabytes, memory_of, what_helps
from tgan.training.run import Run
from tgan.training.steps import Batch

# Batches of real clips below this part of the memory are not looked into: a step of this package's
# networks takes 20 to 300 times as much.
SMALL = 1 / 1000
# What a process on a CPU came to hold, over the tensors of its step (docs/performance.md).
MARGIN = 1.6


def check_step_memory(run: Run) -> str | None:
    """A warning where a training step may not fit into the memory; None where it does.

    The tensors of a step are counted. If they alone are more than there is, no step can be taken;
    whether what libraries need beside them fits is not known, and only warned of. Steps that are
    small, of several processes or of networks that cannot be called without numbers are not
    looked into.

    Raises:
        ValueError: the tensors of a step are more than the memory of this machine, or its device.
    """
    most, free = memory_of(run.accelerator.device)
    if most is None or free is None or run.accelerator.num_processes > 1:
        return None
    real, z = _batches(run)
    if real.samples.nbytes < SMALL * most:
        return None
    # What `auto` stands for is the accelerator's to say.
    half = run.accelerator.mixed_precision != "no"
    try:
        needed = peak_of_step(run.task, real, z, half=half)
    except Exception:  # noqa: BLE001
        # Nobody else's networks have to be callable without numbers.
        return None
    if needed > most:
        raise ValueError(
            f"a training step takes {gigabytes(needed)} of memory at once and there are "
            f"{gigabytes(most)}; {what_helps(run.config, half=half)}"
        )
    if MARGIN * needed > free:
        return (
            f"a training step takes {gigabytes(needed)} of memory at once, and up to "
            f"{gigabytes(MARGIN * needed)} with what libraries need beside; {gigabytes(free)} "
            f"are free: {what_helps(run.config, half=half)}"
        )
    return None


def _batches(run: Run) -> tuple[Batch, Tensor]:
    """A batch of real samples and of latents that take no memory."""
    count = run.config.train.batch_size
    samples, *condition = critic_example(run.config, run.classes)
    z = torch.empty(1, latent_size(run.task.generator.module, run.config.generator))
    samples, z, *condition = (
        torch.empty(count, *each.shape[1:], dtype=each.dtype, device="meta")
        for each in (samples, z, *condition)
    )
    labels = torch.empty(count, dtype=torch.long, device="meta")
    labelled = (samples, labels) if run.config.classifies else ()
    return Batch(samples, tuple(condition), labelled), z
