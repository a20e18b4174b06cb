"""What the parts without videos share: settings, seeded networks, players, plotted lines."""

import json
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

import torch
from torch import Tensor, nn

from tgan.benchmarks.engine.part import Line
from tgan.config import Config
from tgan.config.reading import experiment_parser, read_experiment
from tgan.constraints import Constraint
from tgan.runs.build import build_objective, build_optimizer
from tgan.training.steps import Critic, Learner

# Where neither arm nor trial says otherwise: Adam as Gulrajani et al. 2017 have it for images,
# at a rate that brings networks this small to rest within seconds.
OPTIMIZER = {"name": "adam", "lr": 1e-3, "betas": [0.5, 0.9]}
BASE = {
    f"{player}_optimizer.{name}": value
    for player in ("generator", "critic")
    for name, value in OPTIMIZER.items()
}


def config_of(settings: Mapping[str, Any]) -> Config:
    """The validated experiment of dotted settings on top of `BASE`.

    Raises:
        ValueError: an unknown setting, or a value out of range.
    """
    options = [f"--{name}={_as_text(value)}" for name, value in (BASE | settings).items()]
    return read_experiment(experiment_parser("", "", ""), options)[0]


def critic_of(critic: nn.Module, constraint: Constraint, config: Config) -> Critic:
    """A critic, already constrained, with the optimiser and the objective of a configuration."""
    return Critic(
        critic,
        build_optimizer(config.critic_optimizer, critic),
        objective=build_objective(config),
        constraint=constraint,
    )


def set_rate(learner: Learner, rate: float) -> None:
    """Have a learner's next updates made at another learning rate."""
    for group in learner.optimizer.param_groups:
        group["lr"] = rate


def check_finite(terms: Mapping[str, Tensor], update: int) -> None:
    """Raise ArithmeticError, naming the term, if training has diverged."""
    for name, value in terms.items():
        if not torch.isfinite(value):
            raise ArithmeticError(f"{name} is {float(value)} at update {update}")


def line_of(name: str, values: Sequence[Sequence[float]]) -> Line:
    """Means and ranges of values by place; a place without any has no point."""
    points = [(place, each) for place, each in enumerate(values) if each]
    return Line(
        name,
        x=[place for place, _ in points],
        y=[mean(each) for _, each in points],
        low=[min(each) for _, each in points],
        high=[max(each) for _, each in points],
    )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
