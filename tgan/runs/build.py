"""From a configuration to objects; the one file that knows every table."""

import dataclasses
import inspect
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tgan.config import (
    Config,
    ConstraintConfig,
    CriticConfig,
    GeneratorConfig,
    OptimizerConfig,
)
from tgan.config.reading import parse_config
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out
from tgan.lookup import look_up
from tgan.losses import OBJECTIVES
from tgan.models import CRITICS, GENERATORS
from tgan.models.conditions import Condition, condition_of
from tgan.rng import Stream, seed_of
from tgan.rng.noise import Noise
from tgan.training.augment import Augmentation
from tgan.training.checkpoint import find_checkpoint
from tgan.training.gan import GANTask
from tgan.training.processes import make_accelerator, make_player
from tgan.training.recorder import Run
from tgan.training.state import load_network

_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def build_run(config: Config, run_dir: Path) -> Run:
    """Everything that `tgan.training.loop.fit` needs; nothing is written yet.

    Raises:
        ValueError: data that are not there, or sizes that do not fit.
    """
    accelerator = make_accelerator(
        mixed_precision=config.train.mixed_precision,
        trackers=config.log.trackers,
        run_dir=run_dir,
    )
    if config.train.batch_size % accelerator.num_processes:
        raise ValueError(
            f"train.batch_size {config.train.batch_size} is not a multiple of the "
            f"{accelerator.num_processes} processes"
        )
    config = with_labels(config)
    task = build_task(config, accelerator)
    _check_disk(config, run_dir, task)
    # Last, since a folder that is not packed takes long to scan; one with classes is packed.
    source = build_source(config)
    held_out = build_held_out(config) if config.log.distance_clips else None
    return Run(config, run_dir, accelerator, task, source, held_out)


def _check_disk(config: Config, run_dir: Path, task: GANTask) -> None:
    """Refuse to start where the checkpoints that will be kept do not fit."""
    # Optimisers add one table per network (RMSProp) or two (Adam); a running mean is one more.
    tables = {"rmsprop": 2, "adam": 3}
    copies = {
        task.generator: tables[config.generator_optimizer.name] + (task.average is not None),
        task.critic: tables[config.critic_optimizer.name],
    }
    size = sum(
        tensor.nbytes * count
        for player, count in copies.items()
        for tensor in player.module.state_dict().values()
    )
    # One more than is kept: the oldest goes only when the newest is whole.
    needed = size * (config.log.keep_last + 1 + len(config.log.milestones))
    existing = next(path for path in (run_dir, *run_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise ValueError(
            f"checkpoints need about {needed / 1e6:.0f} MB in '{run_dir}' but "
            f"{free / 1e6:.0f} MB are free; lower log.keep_last or name another --run-dir"
        )


def with_labels(config: Config) -> Config:
    """A conditional experiment with the class names of its data filled in; others as they are.

    Raises:
        ValueError: the data have no classes, or others than the configuration names.
    """
    if not config.conditional:
        return config
    source, named = build_source(config), config.data.labels
    if not source.labels or any(source.label(index) is None for index in range(len(source))):
        raise ValueError(
            f"conditional true needs data with classes, and not all of '{config.data.path}' have "
            "one: prepare videos with --labels; put images in a folder per class"
        )
    if named and named != source.labels:
        raise ValueError(
            f"the classes of '{config.data.path}' are {', '.join(source.labels)}; "
            f"data.labels names {', '.join(named)}"
        )
    data = dataclasses.replace(config.data, labels=source.labels)
    return dataclasses.replace(config, data=data)


def build_source(config: Config) -> ClipSource:
    """The clips to train on.

    Raises:
        ValueError: there are none, or none long enough.
    """
    return open_dataset(config.data)


def build_held_out(config: Config) -> ClipSource | None:
    """Clips that training never sees, or None where the configuration names none."""
    return open_held_out(config.data)


def build_told(config: Config) -> tuple[Condition, ClipSource | None]:
    """What the networks of an experiment are told, and the clips that samples are told of.

    Classes are drawn as often as they occur in training. Pictures are made of held-out clips where
    there are any; None where nothing is told.

    Raises:
        ValueError: the data are no longer there, or have other classes than they had.
    """
    condition = condition_of(config)
    if config.given is not None:
        return condition, build_held_out(config) or build_source(config)
    return condition, build_source(with_labels(config)) if config.conditional else None


def load_critic(path: str | Path) -> tuple[nn.Module, Config]:
    """The critic of a checkpoint or of a run's newest one, on the CPU, in inference mode.

    Raises:
        ValueError: no whole checkpoint there, or it has no critic.
    """
    checkpoint = find_checkpoint(path)
    config = parse_config(checkpoint.config)
    critic = build_critic(config)
    build_constraint(config.constraint).attach(critic, critic_example(config))
    load_network(critic, checkpoint.tensors.get("critic", {}), name="critic")
    return critic.eval(), config


def load_generator(path: str | Path, *, weights: str = "auto") -> tuple[nn.Module, Config]:
    """The generator of a checkpoint or of a run's newest one, on the CPU, in inference mode.

    Args:
        weights: `average` (the running mean), `generator`, or `auto`: the mean if there is one.

    Raises:
        ValueError: no whole checkpoint there, or it has no such weights.
    """
    checkpoint = find_checkpoint(path)
    names = [name for name in ("average", "generator") if name in checkpoint.tensors]
    if weights == "auto":
        weights = names[0]
    tensors = look_up({n: checkpoint.tensors[n] for n in names}, weights, kind="weights")
    config = parse_config(checkpoint.config)
    generator = build_generator(config)
    # A running mean is stored as `module.<name>`, with a counter beside.
    plain = {k.removeprefix("module."): v for k, v in tensors.items() if k != "n_averaged"}
    load_network(generator, plain, name=weights)
    return generator.eval(), config


def build_generator(config: Config) -> nn.Module:
    """The generator, on the CPU, with weights that depend on `train.seed` alone.

    Raises:
        ValueError: a setting that this architecture does not have, or a size that does not fit.
    """
    make = look_up(GENERATORS, config.generator.name, kind="generator")
    settings = _settings_for(make, config.generator, kind="generator")
    return _with_seed(config, 0, lambda: make(**settings, **_sizes(config)))


def build_critic(config: Config) -> nn.Module:
    """The critic, on the CPU, with weights that depend on `train.seed` alone."""
    make = look_up(CRITICS, config.critic.name, kind="critic")
    settings = _settings_for(make, config.critic, kind="critic")
    return _with_seed(config, 1, lambda: make(**settings, **_sizes(config)))


def critic_example(config: Config, *, device: torch.device | str = "cpu") -> tuple[Tensor, ...]:
    """What the critic is called with, for one sample: grey video, and what is told of it."""
    data = config.data
    size = (1, data.channels, data.num_frames, data.resolution, data.resolution)
    video, label = torch.zeros(size, device=device), torch.zeros(1, dtype=torch.long, device=device)
    told = condition_of(config).of(video, label)
    return (video,) if told is None else (video, told)


def build_constraint(config: ConstraintConfig) -> Constraint:
    """The constraint, with its own defaults for whatever the configuration leaves open.

    Raises:
        ValueError: a setting that this constraint does not have.
    """
    make = look_up(CONSTRAINTS, config.name, kind="constraint")
    settings = {name: value for name, value in vars(config).items() if value is not None}
    del settings["name"]
    known = {f.name for f in dataclasses.fields(make)} if dataclasses.is_dataclass(make) else set()
    for name in settings.keys() - known:
        choices = ", ".join(sorted(known & vars(config).keys())) or "none"
        raise ValueError(
            f"constraint '{config.name}' has no setting '{name}'; it has: {choices} "
            f"(--constraint.{name} null takes back what a file sets)"
        )
    return make(**settings)


def build_optimizer(config: OptimizerConfig, network: nn.Module) -> Optimizer:
    """The optimiser over all parameters of `network`."""
    parameters = network.parameters()
    if config.name == "rmsprop":
        return RMSprop(parameters, lr=config.lr, alpha=config.alpha, eps=config.eps)
    return Adam(parameters, lr=config.lr, betas=config.betas, eps=config.eps)


def build_task(config: Config, accelerator: Accelerator) -> GANTask:
    """Networks, constraint and optimisers, wrapped for this process's device and precision."""
    constraint = build_constraint(config.constraint)
    generator = build_generator(config).to(accelerator.device)
    critic = build_critic(config).to(accelerator.device)
    constraint.attach(critic, critic_example(config, device=accelerator.device))
    # Convolutions run up to 1.6 times as fast with channels last in memory.
    for parameter in (*generator.parameters(), *critic.parameters()):
        layout = _CHANNELS_LAST.get(parameter.ndim, torch.contiguous_format)
        parameter.data = parameter.data.contiguous(memory_format=layout)
    average = _average(config, generator)
    return GANTask(
        make_player(accelerator, generator, build_optimizer(config.generator_optimizer, generator)),
        make_player(accelerator, critic, build_optimizer(config.critic_optimizer, critic)),
        objective=look_up(OBJECTIVES, config.objective, kind="objective"),
        constraint=constraint,
        schedule=config.train.schedule,
        n_critic=config.train.n_critic,
        average=average,
        augment=Augmentation(config.train.augment) if config.train.augment else None,
        reconstruction=config.train.reconstruction,
        noise=partial(
            Noise,
            config.train.seed,
            rank=accelerator.process_index,
            world_size=accelerator.num_processes,
        ),
    )


def _average(config: Config, generator: nn.Module) -> AveragedModel | None:
    """Made before Accelerate wraps the generator, since it copies it."""
    if config.train.ema_decay is None:
        return None
    update = get_ema_multi_avg_fn(config.train.ema_decay)
    return AveragedModel(generator, multi_avg_fn=update, use_buffers=True)


def _settings_for(make: Callable, settings: GeneratorConfig | CriticConfig, *, kind: str) -> dict:
    """The settings that an architecture has and that are given; others must be at their default."""
    known = inspect.signature(make).parameters
    defaults = type(settings)()
    for name, value in vars(settings).items():
        if name != "name" and name not in known and value != getattr(defaults, name):
            own = ", ".join(name for name in vars(settings) if name in known)
            raise ValueError(f"{kind} '{settings.name}' has no setting '{name}'; it has: {own}")
    given = {name: value for name, value in vars(settings).items() if value is not None}
    return {name: value for name, value in given.items() if name in known}


def _sizes(config: Config) -> dict[str, int]:
    """What networks have to know of the data; of conditions, those that there are."""
    data, condition = config.data, condition_of(config)
    told = {"num_labels": condition.num_labels, "given_channels": condition.given_channels}
    sizes = {name: getattr(data, name) for name in ("num_frames", "resolution", "channels")}
    return sizes | {name: count for name, count in told.items() if count}


def _with_seed(config: Config, number: int, make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed_of(Stream.WEIGHTS, config.train.seed, number))
        return make()
