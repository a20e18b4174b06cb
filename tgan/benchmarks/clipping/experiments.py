"""Experiments of the benchmark: variations of one on video, and small ones without videos."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from tgan.config import Config
from tgan.config.reading import parse_config

# Where neither strategy nor trial says otherwise: Adam as Gulrajani et al. 2017 have it for images,
# at a rate that brings networks this small to rest within seconds.
_SMALL = """
generator_optimizer: {name: adam, lr: 1.0e-3, betas: [0.5, 0.9]}
critic_optimizer: {name: adam, lr: 1.0e-3, betas: [0.5, 0.9]}
"""


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


def small_experiment(settings: Mapping[str, Any]) -> Config:
    """An experiment without videos: dotted settings in place of those of Adam and the defaults.

    Raises:
        ValueError: as `variation`.
    """
    return variation(_SMALL, settings)
