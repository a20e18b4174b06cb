"""Small GANs, without Accelerate: critics, divergence."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tgan.config import Config
from tgan.constraints import Constraint
from tgan.runs.build import build_objective, build_optimizer
from tgan.training.steps import Critic


def critic_settings(config: Config) -> dict[str, Any]:
    """The settings of a critic that hold for perceptrons as for video."""
    names = ("batch_norm", "activation", "init")
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
