"""Objects built from a configuration; the one module that knows every table."""

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

from tgan._moved import moved_names
from tgan.config import (
    Config,
    ConstraintConfig,
    CriticConfig,
    GeneratorConfig,
    OptimizerConfig,
)
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.constraints.constrain import make_constraint
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.few_labels import labelled_part
from tgan.data.subset import Subset
from tgan.lookup import look_up
from tgan.losses import OBJECTIVES, Objective
from tgan.models import CRITICS, GENERATORS, PyramidGenerator
from tgan.models.conditions import conditioning_of
from tgan.models.outline import check_fits_memory
from tgan.models.stages import recompute_stages
from tgan.rng.noise import Noise
from tgan.rng.weights import seeded
from tgan.runs.checks import (
    check_disk,
    check_fp16,
    check_one_process,
    check_packs,
    check_schedule,
    fit_to,
)
from tgan.runs.parts import Parts, check_networks
from tgan.system.device import fuses
from tgan.training.augment import Augmentation
from tgan.training.auxiliary import auxiliary_losses
from tgan.training.critic_losses import critic_losses
from tgan.training.gan import GANTask
from tgan.training.graphs import make_launch
from tgan.training.growing import GrowingTask
from tgan.training.processes import make_accelerator, prepare
from tgan.training.rates import trapezoid
from tgan.training.run import Run
from tgan.training.running_mean import RunningMean
from tgan.training.schedules import make_schedule
from tgan.training.steps import Critic, Learner

# For a release; `tgan.load` and `tgan.data.datasets` took over.
__getattr__ = moved_names(
    __name__,
    dict.fromkeys(
        ["build_held_out", "build_source", "load_critic", "load_generator"], "tgan.runs.old"
    ),
)

_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def accelerator_for(config: Config, run_dir: Path, *, device: str = "auto") -> Accelerator:
    """What the processes of a run compute on.

    Args:
        device: as of `tgan.training.processes.make_accelerator`.

    Raises:
        ValueError: as `tgan.training.processes.make_accelerator`.
    """
    return make_accelerator(
        mixed_precision=config.train.mixed_precision,
        trackers=config.log.trackers,
        run_dir=run_dir,
        timeout=config.train.timeout,
        device=device,
        spares_memory=config.train.checkpoint_activations,
        tf32=config.train.tf32,
        deterministic=config.train.deterministic,
    )


def build_run(
    config: Config,
    run_dir: Path,
    parts: Parts | None = None,
    *,
    accelerator: Accelerator | None = None,
) -> Run:
    """Everything that `tgan.training.loop.fit` needs; nothing is written yet.

    Args:
        parts: what comes from Python instead of the configuration.
        accelerator: from `accelerator_for`, which is called unless it is given.

    Raises:
        ValueError: data that are not there, sizes that do not fit, or held-out clips of another
            shape.
    """
    parts = parts or Parts()
    accelerator = accelerator or accelerator_for(config, run_dir)
    if config.train.batch_size % accelerator.num_processes:
        raise ValueError(
            f"train.batch_size {config.train.batch_size} is not a multiple of the "
            f"{accelerator.num_processes} processes"
        )
    check_packs(config, processes=accelerator.num_processes)
    # A folder that is not packed takes long to scan: where there are no classes to be known of
    # it, whatever else may be wrong is found before.
    source = parts.source
    if source is None and (config.conditional or config.classifies):
        source = open_dataset(config.data)
    labelled = labelled_of(source, config) if source is not None and config.classifies else None
    classes = [] if labelled is None else labelled.labels
    if source is not None and config.conditional:
        classes = classes_of(source, config)
    task = build_task(config, accelerator, classes, parts)
    check_disk(config, run_dir, task)
    if source is None:
        source = open_dataset(config.data)
    fit_to(task.generator.module, source)
    held_out = parts.held_out
    if held_out is None and parts.source is None and config.log.distance_clips:
        held_out = open_held_out(config.data)
    if held_out is not None and tuple(held_out.shape) != tuple(source.shape):
        raise ValueError(
            f"held-out clips are {held_out.shape} (T, H, W, C); those to train on are "
            f"{source.shape}"
        )
    origins = parts.descriptions()
    return Run(config, run_dir, accelerator, task, source, classes, held_out, labelled, origins)


def classes_of(source: ClipSource, config: Config) -> list[str]:
    """The names of the classes that a conditional experiment is trained on.

    Raises:
        ValueError: the clips have no classes, or not all of them have one.
    """
    if not source.labels or any(source.label(index) is None for index in range(len(source))):
        place = config.data.path or config.data.name
        raise ValueError(
            f"conditional true needs data with classes, and not all of '{place}' have one: label "
            "videos when they are prepared; put images in a folder per class"
        )
    return list(source.labels)


def labelled_of(source: ClipSource, config: Config) -> Subset:
    """The clips whose classes a critic learns.

    Raises:
        ValueError: as `tgan.data.few_labels.labelled_part`.
    """
    return labelled_part(source, config.data.num_labels, draw=config.data.label_draw)


def build_task(
    config: Config,
    accelerator: Accelerator,
    classes: Sequence[str] = (),
    parts: Parts | None = None,
) -> GANTask:
    """Networks, constraint and optimisers, wrapped for this process's device and precision.

    Args:
        classes: names of those that the networks are conditioned on, or that the critic learns.
        parts: what comes from Python instead of the configuration.

    Raises:
        ValueError: a setting that a part does not have, or parts that do not fit each other.
    """
    parts, device = parts or Parts(), accelerator.device
    launch = make_launch(config.train.cuda_graph, device, processes=accelerator.num_processes)
    schedule = make_schedule(config.train)
    check_schedule(config, schedule, processes=accelerator.num_processes)
    check_networks(parts, config, classes)
    constraint = parts.constraint or build_constraint(config.constraint)
    generator = parts.copy_of("generator", lambda: build_generator(config, classes)).to(device)
    critic = parts.copy_of("critic", lambda: build_critic(config, classes)).to(device)
    check_fp16(config, generator, constraint)
    constraint.attach(critic, critic_example(config, classes, device=device))
    # Convolutions run up to 1.6 times as fast with channels last in memory.
    for parameter in (*generator.parameters(), *critic.parameters()):
        layout = _CHANNELS_LAST.get(parameter.ndim, torch.contiguous_format)
        parameter.data = parameter.data.contiguous(memory_format=layout)
    if config.train.checkpoint_activations:
        recompute_stages(generator)
    average = _average(config, generator)
    generating = Learner(generator, build_optimizer(config.generator_optimizer, generator))
    judging = Critic(
        critic,
        build_optimizer(config.critic_optimizer, critic),
        objective=parts.objective or build_objective(config),
        constraint=constraint,
        augment=Augmentation(config.train.augment) if config.train.augment else None,
        auxiliary=critic_losses(config.train),
    )
    make_task: Callable[..., GANTask] = GANTask
    if isinstance(generator, PyramidGenerator):
        check_one_process(accelerator.num_processes)
        make_task = partial(GrowingTask, steps=config.train.steps)
    return make_task(
        prepare(accelerator, generating),
        prepare(accelerator, judging),
        schedule=schedule,
        average=average,
        auxiliary=auxiliary_losses(config.train, judging.objective),
        rate_at=trapezoid(config.train.steps, cool_down=config.train.cool_down),
        noise=partial(Noise, config.train.seed, rank=accelerator.process_index),
        launch=launch,
    )


def build_generator(config: Config, classes: Sequence[str] = ()) -> nn.Module:
    """The generator, on the CPU, with weights that depend on `train.seed` alone.

    Args:
        classes: names of those that it is conditioned on.

    Raises:
        ValueError: a setting that this architecture does not have, a size that does not fit, or
            a network larger than the memory.
    """
    return _build(generator_maker(config, classes), config, 0, kind="generator")


def build_critic(config: Config, classes: Sequence[str] = ()) -> nn.Module:
    """The critic, on the CPU, with weights that depend on `train.seed` alone; as the generator."""
    return _build(critic_maker(config, classes), config, 1, kind="critic")


def generator_maker(config: Config, classes: Sequence[str] = ()) -> Callable[[], nn.Module]:
    """What makes the generator; its settings are checked here."""
    make = look_up(GENERATORS, config.generator.name, kind="generator")
    settings = _settings_for(make, config.generator, kind="generator")
    return partial(make, **settings, **_sizes(config, classes))


def critic_maker(config: Config, classes: Sequence[str] = ()) -> Callable[[], nn.Module]:
    """What makes the critic; its settings are checked here."""
    make = look_up(CRITICS, config.critic.name, kind="critic")
    settings = _settings_for(make, config.critic, kind="critic")
    learnt: dict[str, Any] = {"num_classes": len(classes)} if config.classifies else {}
    if learnt.keys() - inspect.signature(make).parameters:
        raise ValueError(
            f"train.cross_entropy_weight {config.train.cross_entropy_weight} needs a critic that "
            f"tells classes apart, which critic.name {config.critic.name} does not"
        )
    return partial(make, **settings, **_sizes(config, classes), **learnt)


def critic_example(
    config: Config, classes: Sequence[str] = (), *, device: torch.device | str = "cpu"
) -> tuple[Tensor, ...]:
    """Example inputs of the critic, all zeros, for one score.

    Constraints use them to trace the sizes of layers.
    """
    data = config.data
    size = (config.critic.packs, data.channels, data.num_frames, data.resolution, data.resolution)
    video, label = torch.zeros(size, device=device), torch.zeros(1, dtype=torch.long, device=device)
    return (video, *conditioning_of(config, classes).of(video, label))


def build_objective(config: Config) -> Objective:
    """The losses of critic and generator."""
    return look_up(OBJECTIVES, config.objective, kind="objective")


def build_constraint(config: ConstraintConfig) -> Constraint:
    """The constraint, with its own defaults for whatever the configuration leaves open.

    Raises:
        ValueError: a setting that this constraint does not have.
    """
    settings = {name: value for name, value in vars(config).items() if value is not None}
    return make_constraint(CONSTRAINTS, settings.pop("name"), settings)


def build_optimizer(config: OptimizerConfig, network: nn.Module) -> Optimizer:
    """The optimiser over all parameters of `network`, which are where they stay."""
    parameters = list(network.parameters())
    if config.name == "rmsprop":
        return RMSprop(parameters, lr=config.lr, alpha=config.alpha, eps=config.eps)
    fused = fuses(parameters)
    return Adam(parameters, lr=config.lr, betas=config.betas, eps=config.eps, fused=fused)


def _average(config: Config, generator: nn.Module) -> RunningMean | None:
    """Made before Accelerate wraps the generator, since it copies it."""
    decay = config.train.ema_decay
    return None if decay is None else RunningMean(generator, decay=decay)


def _build(make: Callable[[], nn.Module], config: Config, number: int, *, kind: str) -> nn.Module:
    check_fits_memory(make, kind=kind)
    return seeded(make, config.train.seed, number)


def _settings_for(make: Callable, settings: GeneratorConfig | CriticConfig, *, kind: str) -> dict:
    """The settings that an architecture has and that are set; others must be at their default."""
    known = inspect.signature(make).parameters
    defaults = type(settings)()
    for name, value in vars(settings).items():
        if name != "name" and name not in known and value != getattr(defaults, name):
            own = ", ".join(name for name in vars(settings) if name in known)
            raise ValueError(f"{kind} '{settings.name}' has no setting '{name}'; it has: {own}")
    chosen = {name: value for name, value in vars(settings).items() if value is not None}
    return {name: value for name, value in chosen.items() if name in known}


def _sizes(config: Config, classes: Sequence[str]) -> dict[str, Any]:
    """Constructor arguments shared by all networks.

    Clip sizes, and `num_labels` or `input_channels` for conditional runs.
    """
    data, conditioning = config.data, conditioning_of(config, classes)
    sizes = {name: getattr(data, name) for name in ("num_frames", "resolution", "channels")}
    counts = {name: getattr(conditioning, name) for name in ("num_labels", "input_channels")}
    return sizes | {name: count for name, count in counts.items() if count}
