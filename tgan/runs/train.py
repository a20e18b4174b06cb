"""Training as one call: what a command, a notebook, a benchmark and a test share."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from tgan.config import Config
from tgan.config.effects import without_effect
from tgan.config.reading import make_config
from tgan.config.sizes import nearest_length
from tgan.constraints import Constraint
from tgan.data.account import Account
from tgan.data.clips import ClipSource
from tgan.lookup import counted
from tgan.losses import Objective
from tgan.runs.build import accelerator_for, build_run
from tgan.runs.loading import check_networks
from tgan.runs.memory import check_step_memory
from tgan.runs.parts import Losses, Parts, as_constraint, as_objective, own_settings, own_source
from tgan.runs.same_data import changed_data, check_data, check_data_of_ranks
from tgan.runs.trained import TrainedRun, load
from tgan.system.files import at_home
from tgan.system.memory import told_as_memory
from tgan.system.precision import describe_kernels, describe_precision
from tgan.training.changes import changed_settings, warned
from tgan.training.checkpoint import Checkpoint
from tgan.training.estimate import Estimate, estimate
from tgan.training.history import on_record
from tgan.training.launcher import shortfall
from tgan.training.loop import fit
from tgan.training.peers import others_named, telling_others
from tgan.training.processes import finish
from tgan.training.ranks import agree_on_checkpoint, decided
from tgan.training.recorder import owes
from tgan.training.run import Run
from tgan.training.run_dir import (
    claim,
    config_to_resume,
    free_after_a_failed_start,
    occupied,
)

# Classes that a plan names.
_SHOWN = 12
# What takes less memory.
SMALLER = "a smaller train.batch_size"


def train(
    config: Config | str | Path | None = None,
    *,
    run_dir: str | Path,
    resume: str | None = None,
    wait: bool = False,
    device: str = "auto",
    source: Any = None,
    labels: Sequence[Any] | None = None,
    held_out: Any = None,
    generator: nn.Module | None = None,
    critic: nn.Module | None = None,
    objective: str | Objective | Losses | None = None,
    constraint: str | Constraint | None = None,
    **settings: Any,
) -> TrainedRun:
    """Train a GAN, and return it.

    Ctrl-C stops after the step at hand, saves, and returns what was trained so far.

    Example:
        >>> run = tgan.train("configs/demo.yaml", run_dir="runs/demo", **{"train.steps": 500})
        >>> run = tgan.train(source=clips, run_dir="runs/mine", constraint="svc_certified")

    Args:
        config: a configuration, the path of a YAML file, or None for the defaults; a run that
            goes on has its own.
        run_dir: the directory that the run fills.
        resume: None starts anew; `auto` goes on from the newest checkpoint in `run_dir`, if there
            is one; else the path of a checkpoint or of another run.
        wait: whether to wait while another run is at work in `run_dir`; else that is an error.
        device: `cpu`, `cuda`, `cuda:1`, `mps`, ...; `auto` takes an accelerator if there is one.
        source: clips to train on, as `tgan.data.own.source.as_source` takes them: an array or
            tensor (N, T, H, W, C), uint8, a data set of clips, or any clip source. Unless
            `config` or `data.num_frames` says another length, clips have as many frames as the
            generator can make of the videos: the most that are a multiple of 16. Images are
            trained on by DCGAN unless `config` or `generator.name` says another.
        labels: classes of an array's clips, (N,): names, or numbers from 0.
        held_out: clips that training never sees, for distances.
        generator, critic: networks, see `tgan.runs.parts.Parts`; they are copied.
        objective: a name, or a pair of losses (critic's, generator's) of real and fake scores.
        constraint: a name, or a `tgan.constraints.Constraint`.
        settings: changed settings by their dotted names.

    Raises:
        ValueError: a setting, a path, clips or a part that cannot be used.
        ArithmeticError: a loss or a weight is no longer finite; the last checkpoint is whole.
        OSError: the disk is full or gone; the last checkpoint is whole.
    """
    settings |= {
        name: value
        for name, value in (("objective", objective), ("constraint.name", constraint))
        if isinstance(value, str)
    }
    run_dir, resume = Path(at_home(run_dir)), resume and at_home(resume)
    if config is None and resume is not None:
        config = config_to_resume(run_dir, resume)
    length = settings.get("data.num_frames")
    if length is None and config is not None:
        length = make_config(config).data.num_frames
    # Networks of this package have sizes that they can make; one's own may have any.
    any_side = generator is not None and critic is not None
    clips = own_source(source, length, labels=labels, any_side=any_side)
    if clips is not None and length is None:
        length = clips.shape[0] if generator is not None else nearest_length(clips.shape[0])
        clips = own_source(source, length, labels=labels, any_side=any_side)
        if length == 1:
            settings = {"generator.name": "dcgan"} | settings
    parts = Parts(
        source=clips,
        held_out=own_source(held_out, length, any_side=any_side),
        generator=generator,
        critic=critic,
        objective=None if isinstance(objective, str) else as_objective(objective),
        constraint=None if isinstance(constraint, str) else as_constraint(constraint),
    )
    plain = make_config(config, settings | own_settings(parts))
    with telling_others(), occupied(run_dir, wait=wait):
        run, checkpoint = prepare_run(plain, run_dir, resume=resume, parts=parts, device=device)
        for line in warnings_of(run, checkpoint):
            print(line, file=sys.stderr)
        fit_run(run, checkpoint)
    return load(
        run_dir,
        device=device,
        source=parts.source,
        held_out=parts.held_out,
        generator=generator,
        critic=critic,
        constraint=parts.constraint,
    )


def prepare_run(
    config: Config,
    run_dir: Path,
    *,
    resume: str | None = None,
    parts: Parts | None = None,
    device: str = "auto",
) -> tuple[Run, Checkpoint | None]:
    """A run in its directory, with the state of the checkpoint that it goes on from, if any.

    Args:
        device: as of `train`.

    Raises:
        ValueError: as `tgan.training.run_dir.claim` and `tgan.runs.build.build_run`, a step takes
            more memory than there is, or the data differ between processes, have other classes
            than the checkpoint, or are others and `data.changed` is refuse.
        MemoryError: a device's memory does not suffice.
        ChildProcessError: another process of this run failed, or did not answer in time.
    """
    accelerator = accelerator_for(config, run_dir, device=device)
    with (
        told_as_memory(SMALLER),
        others_named(accelerator.num_processes, config.train.timeout),
    ):
        checkpoint = agree_on_checkpoint(
            accelerator, config, run_dir, lambda: claim(run_dir, config, resume=resume)
        )
        check_networks(checkpoint, parts)
        run = build_run(config, run_dir, parts, accelerator=accelerator)
        if (line := check_step_memory(run)) is not None:
            run.remarks = [line]
        check_data_of_ranks(run)
        if checkpoint is not None:
            _go_on(run, checkpoint)
    return run, checkpoint


def _go_on(run: Run, checkpoint: Checkpoint) -> None:
    """Take over the state of a checkpoint, if the data are those that it was trained on."""
    if run.classes and list(checkpoint.classes) != list(run.classes):
        raise ValueError(
            f"the classes of the data are {', '.join(run.classes)}; those of "
            f"'{checkpoint.path}' are {', '.join(checkpoint.classes)}"
        )
    check_data(run, checkpoint)
    run.task.load_tensors(checkpoint.tensors)


def fit_run(run: Run, checkpoint: Checkpoint | None) -> int:
    """Train a run from its checkpoint on, unless it is at its last step and owes nothing there.

    Returns:
        0, or the number of the signal that asked to stop; a checkpoint is saved either way.

    Raises:
        MemoryError: a device's memory does not suffice.
        ChildProcessError: another process of this run failed, or did not answer in time.
        ArithmeticError, OSError: as `tgan.training.loop.fit`.
    """
    if is_finished(run, checkpoint):
        finish(run.accelerator)
        return 0
    first_step = 0 if checkpoint is None else checkpoint.step
    is_main = run.accelerator.is_main_process
    with (
        told_as_memory(SMALLER),
        free_after_a_failed_start(run.run_dir) if is_main else nullcontext(),
        on_record(run, checkpoint) as end,
        others_named(run.accelerator.num_processes, run.config.train.timeout),
    ):
        end["signal"] = fit(run, first_step=first_step)
    return end["signal"]


def estimate_run(run: Run, checkpoint: Checkpoint | None) -> Estimate:
    """What the steps of a run from its checkpoint on take, from a few of them.

    Raises:
        MemoryError, ChildProcessError, ArithmeticError, OSError: as `fit_run`.
    """
    with (
        told_as_memory(SMALLER),
        others_named(run.accelerator.num_processes, run.config.train.timeout),
    ):
        return estimate(run, first_step=0 if checkpoint is None else checkpoint.step)


def is_finished(run: Run, checkpoint: Checkpoint | None) -> bool:
    """Tell, the same in every process, whether a run is at its last step and owes nothing there."""
    if checkpoint is None or checkpoint.step != run.config.train.steps:
        return False
    return not decided(run.accelerator, partial(owes, run, checkpoint.step))


def warnings_of(run: Run, checkpoint: Checkpoint | None) -> list[str]:
    """Lines on videos left out, settings without effect, and changes since the checkpoint."""
    lines = [f"skipped {name}: {reason}" for name, reason in run.source.skipped]
    lines += [f"note {name}: {text}" for name, text in getattr(run.source, "notes", [])]
    lines += [f"note: {line}" for line in getattr(run.source, "remarks", [])]
    lines += [f"warning: {line}" for line in (*run.remarks, *without_effect(run.config))]
    if run.config.log.distance_clips and run.held_out is None:
        lines.append(
            f"warning: log.distance_clips {run.config.log.distance_clips} has no effect: no clips "
            "are kept from training (data.held_out_path names some)"
        )
    if checkpoint is not None:
        found = warned(changed_settings(checkpoint.settings, run.config))
        lines += [f"warning: {line}" for line in found]
    changed = changed_data(run, checkpoint)
    return lines if changed is None else [*lines, f"warning: {changed}"]


def _of_the_data(source: ClipSource) -> list[str]:
    """What became of files, if they were searched for just now, and the classes."""
    account: Account = getattr(source, "account", Account())
    found = [str(account)] if account.num_files else []
    if source.labels:
        shown, more = ", ".join(source.labels[:_SHOWN]), len(source.labels) - _SHOWN
        found.append(f"classes: {shown}{f' and {more} more' if more > 0 else ''}")
    return found


def describe(run: Run, checkpoint: Checkpoint | None) -> str:
    """The plan of a run in a few lines: data, networks, objective, hardware, where it starts."""
    config, accelerator, source = run.config, run.accelerator, run.source
    sizes = {
        name: sum(p.numel() for p in learner.module.parameters()) / 1e6
        for name, learner in (("generator", run.task.generator), ("critic", run.task.critic))
    }
    start = 0 if checkpoint is None else checkpoint.step
    frames, height, width, channels = source.shape
    data_name = config.data.dataset or config.data.path or config.data.name
    fewer = shortfall(accelerator.num_processes)
    kind, settings = accelerator.device.type, config.train
    kernels = describe_kernels(kind, tf32=settings.tf32, deterministic=settings.deterministic)
    notes = "; ".join(filter(None, [kernels, fewer]))
    precision = describe_precision(settings.mixed_precision, kind)
    return "\n".join(
        [
            f"data: {counted(len(source), 'video' if frames > 1 else 'image')} from "
            f"{data_name} ({len(source.skipped)} skipped, "
            f"{source.num_too_short} too short), "
            f"{f'clips of {frames} frames ' if frames > 1 else ''}{height}x{width}x{channels}",
            *_of_the_data(source),
            f"networks: generator {sizes['generator']:.2f} M and critic {sizes['critic']:.2f} M "
            "parameters",
            f"objective: {config.objective}, constraint {config.constraint.name}, "
            f"{config.train.schedule} updates, batch {config.train.batch_size}",
            f"hardware: {accelerator.num_processes} x {kind}, "
            f"precision {precision}{f' ({notes})' if notes else ''}",
            f"steps: {start} to {config.train.steps}",
        ]
    )
