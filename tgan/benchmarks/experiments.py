"""Experiments of benchmarks: variations of one, and their training."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from tgan.config import Config
from tgan.config.reading import parse_config
from tgan.runs.train import fit_run, prepare_run
from tgan.system.memory import peak_resident
from tgan.training.checkpoint import directory_of

# Where a job's folder has its run.
RUN = "run"


def variation(config: str, settings: Mapping[str, Any]) -> Config:
    """The experiment of the YAML text `config` with dotted settings in place of its own.

    Its own constraint is dropped whole: settings of one constraint are mistakes for another.

    Raises:
        ValueError: a setting that does not exist or is out of range.
    """
    nested = yaml.safe_load(config)
    nested.pop("constraint", None)
    for name, value in settings.items():
        *groups, key = name.split(".")
        group = nested
        for part in groups:
            group = group.setdefault(part, {})
        group[key] = value
    return parse_config(yaml.safe_dump(nested))


def log_settings(steps: int, *, milestones: Sequence[int] = ()) -> dict[str, Any]:
    """Settings of a run that leaves checkpoints and losses and nothing else behind."""
    return {
        "train.steps": steps,
        "log.preview_every": 0,
        "log.preview_count": 1,
        "log.distance_clips": 0,
        "log.critic_every": 0,
        "log.trackers": [],
        "log.keep_last": 1,
        "log.checkpoint_every": math.ceil(steps / 4),
        "log.milestones": sorted(milestones),
    }


def train(config: Config, run_dir: Path) -> None:
    """Train a run to its end, from its newest checkpoint where it has one.

    Raises:
        ArithmeticError: it diverged.
        KeyboardInterrupt: it was asked to stop; its checkpoint is written.
    """
    if fit_run(*prepare_run(config, run_dir, resume="auto")):
        raise KeyboardInterrupt


def checkpoint_of(run_dir: Path, step: int) -> Path | None:
    """The checkpoint of a step, or None where there is none."""
    path = directory_of(run_dir, step)
    return path if path.is_dir() else None


def peak_megabytes() -> float:
    """The most memory that this process has held: of the CUDA device, else resident."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    return peak_resident() / 1e6
