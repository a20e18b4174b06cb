"""Small GANs, without Accelerate: their experiments, critics, divergence."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tgan.config import Config
from tgan.config.reading import make_config
from tgan.constraints import Constraint
from tgan.runs.build import build_objective, build_optimizer
from tgan.training.steps import Critic

# Where nothing else is said: Adam as Gulrajani et al. 2017 have it for images, at a rate that
# brings networks this small to rest within seconds.
ADAM = {"name": "adam", "lr": 1e-3, "betas": (0.5, 0.9)}


def small_experiment(settings: Mapping[str, Any]) -> Config:
    """An experiment without videos: dotted settings in place of those of Adam and the defaults.

    Raises:
        ValueError: a setting that does not exist or is out of range.
    """
    players = ("generator_optimizer", "critic_optimizer")
    adam = {f"{player}.{name}": value for player in players for name, value in ADAM.items()}
    return make_config(None, adam | dict(settings))


def critic_settings(config: Config) -> dict[str, Any]:
    """The settings of a critic that hold for perceptrons as for video."""
    names = ("batch_norm", "activation", "init", "sees_batch", "packs")
    return {name: getattr(config.critic, name) for name in names}


def critic_of(critic: nn.Module, constraint: Constraint, config: Config) -> Critic:
    """A critic, already constrained, with the optimiser and the objective of a configuration."""
    return Critic(
        critic,
        build_optimizer(config.critic_optimizer, critic),
        objective=build_objective(config),
        constraint=constraint,
    )


def check_finite(terms: Mapping[str, Tensor], update: int) -> None:
    """Raise ArithmeticError, naming the term, if training has diverged."""
    for name, value in terms.items():
        if not torch.isfinite(value):
            raise ArithmeticError(f"{name} is {float(value)} at update {update}")
