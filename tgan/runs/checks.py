"""What a run is refused for before it begins, once its networks are there."""

import shutil
from pathlib import Path

from torch import nn

from tgan.config import Config
from tgan.constraints import Constraint
from tgan.data.clips import ClipSource
from tgan.models import PyramidGenerator
from tgan.training.gan import GANTask
from tgan.training.schedules.base import Schedule

# Tables of a checkpoint that an optimiser adds to a network's own.
_OPTIMIZER_TABLES = {"rmsprop": 1, "adam": 2}


def check_fp16(config: Config, generator: nn.Module, constraint: Constraint) -> None:
    """Refuse what overflows in fp16."""
    if config.train.mixed_precision != "fp16":
        return
    if constraint.differentiates_twice:
        raise ValueError(
            f"constraint.name {config.constraint.name} differentiates the critic twice, which "
            "overflows in fp16; choose bf16 or no"
        )
    if not getattr(generator, "trains_in_fp16", True):
        raise ValueError(
            f"generator.name {config.generator.name} does not train in fp16; choose bf16 or no"
        )


def check_schedule(config: Config, schedule: Schedule, *, processes: int) -> None:
    """Refuse what a schedule cannot do with these settings."""
    train = config.train
    if train.mixed_precision == "fp16" and not schedule.trains_in_fp16:
        raise ValueError(
            f"train.schedule {train.schedule} does not train in fp16; choose bf16 or no"
        )
    if train.cuda_graph and not schedule.is_recordable:
        raise ValueError(
            f"train.cuda_graph true cannot record the steps of train.schedule {train.schedule}; "
            "set it false"
        )
    packs = config.critic.packs
    if train.batch_size // processes % (schedule.survivors * packs):
        in_packs = f" times critic.packs {packs}, and a pack is of one generator" * (packs > 1)
        raise ValueError(
            f"{_share_of(train.batch_size, processes)} is no multiple of train.survivors "
            f"{schedule.survivors}{in_packs}"
        )


def check_one_process(processes: int) -> None:
    """Refuse several processes for a pyramid, whose stages begin in turn."""
    if processes > 1:
        raise ValueError(
            f"generator.name pyramid trains in one process, not {processes}: it has one picture, "
            "and its stages begin in turn"
        )


def fit_to(generator: nn.Module, source: ClipSource) -> None:
    """Tell a pyramid how large its one picture is; other generators are as large as settings say.

    Raises:
        ValueError: it is too small.
    """
    if isinstance(generator, PyramidGenerator):
        generator.fit(*source.shape[1:3])


def check_packs(config: Config, *, processes: int) -> None:
    """Refuse packs of the critic that would not stay within a process."""
    batch_size, packs = config.train.batch_size, config.critic.packs
    if batch_size // processes % packs:
        raise ValueError(
            f"{_share_of(batch_size, processes)} is no multiple of critic.packs {packs}"
        )


def _share_of(batch_size: int, processes: int) -> str:
    """A process's part of the batch, as the beginning of a sentence."""
    if processes == 1:
        return f"train.batch_size {batch_size}"
    share = batch_size // processes
    return f"train.batch_size {batch_size} is {share} in each of {processes} processes, which"


def check_alone(config: Config, purpose: str, *, features: bool = False) -> None:
    """Refuse a critic whose scores are not of one sample each.

    Args:
        purpose: what needs such scores, a clause that begins the message.
        features: whether features alone are needed, which statistics of the batch are not among.
    """
    critic = config.critic
    if critic.packs > 1:
        raise ValueError(
            f"{purpose} needs a critic of single samples, and critic.packs is {critic.packs}"
        )
    if critic.sees_batch != "none" and not features:
        raise ValueError(
            f"{purpose} needs scores of samples one by one, and critic.sees_batch is "
            f"{critic.sees_batch}"
        )


def check_disk(config: Config, run_dir: Path, task: GANTask) -> None:
    """Refuse to start where the checkpoints that will be kept do not fit."""
    copies = {
        task.generator: config.generator_optimizer,
        task.critic: config.critic_optimizer,
    }
    sizes = {
        learner: sum(tensor.nbytes for tensor in learner.module.state_dict().values())
        for learner in copies
    }
    # Those of the task, and parents beside the generator.
    counts = {task.generator: task.schedule.survivors, task.critic: 1}
    size = sum(
        counts[learner] * sizes[learner] * (1 + _OPTIMIZER_TABLES[optimizer.name])
        for learner, optimizer in copies.items()
    )
    # A running mean is one more table.
    size += sizes[task.generator] if task.average is not None else 0
    # One more than is kept: the oldest goes only when the newest is whole.
    needed = size * (config.log.keep_last + 1 + len(config.log.milestones))
    existing = next(path for path in (run_dir, *run_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise ValueError(
            f"checkpoints need about {needed / 1e6:.0f} MB in '{run_dir}' but "
            f"{free / 1e6:.0f} MB are free; lower log.keep_last or name another directory"
        )
