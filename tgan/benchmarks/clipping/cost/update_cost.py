"""Cost of a constraint in an update of TGAN's critic, and what is certain of the critic then."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, islice
from math import prod
from typing import Any

import torch
from torch import Tensor

from tgan.benchmarks.clipping.strategies import unconstrained
from tgan.benchmarks.toys.small import check_finite, critic_of, small_experiment
from tgan.config import Config
from tgan.constraints import CONSTRAINTS
from tgan.constraints.constrain import settings_of
from tgan.linalg import conv_norm_upper_bound
from tgan.models.affine import affine_layers
from tgan.rng import Stream, seed_of
from tgan.rng.noise import Noise
from tgan.runs.build import build_constraint, build_critic, critic_example
from tgan.training.steps import Batch, critic_step

# As the paper trains (Saito et al. 2017, section 4.1).
OPTIMIZER = {"critic_optimizer.name": "rmsprop", "critic_optimizer.lr": 5e-5}
EVERY, FIFTH, OWN = "every", "fifth", "own"
INTERVALS = {EVERY: 1, FIFTH: 5}


@dataclass(frozen=True)
class Sizes:
    """Of the clips (RGB, 16 frames) and of the critic: the paper's, but for a smaller batch."""

    resolution: int = 64
    width: int = 64
    batch: int = 8
    rounds: int = 3

    def settings(self) -> dict[str, Any]:
        """Dotted settings of an experiment."""
        return {"data.resolution": self.resolution, "data.channels": 3, "critic.width": self.width}


def time_updates(settings: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
    """Update a critic under a constraint and its twin without, by turns, on one thread.

    Args:
        settings: dotted settings of a strategy. A constraint with an interval is taken at both of
            `INTERVALS`, or at the one that the strategy sets, under `own`; others as they are,
            under `every`.

    Returns:
        By interval: `added`, seconds per update of this process' processor that the constraint
        takes, one number per round; `share`, the same as a share of the update; and after the
        updates, at the last one before the next that counts, `matrix_norm`, the largest singular
        value of a kernel as a matrix, and `certificate`, the product of the bounds on layers'
        norms, batch norms aside.

    Raises:
        ArithmeticError: the critic diverged.
    """
    torch.set_num_threads(1)
    twin = _Critic(_config(sizes, unconstrained(settings)), sizes)
    intervals = _intervals(settings)
    critics = {
        name: _Critic(_config(sizes, {**settings, "constraint.interval": interval}), sizes)
        for name, interval in intervals.items()
    }
    times: dict[str, list[float]] = {name: [] for name in critics}
    without = []
    for _ in range(sizes.rounds):
        without.append(twin.seconds_per_update(2))
        for name, critic in critics.items():
            times[name].append(critic.seconds_per_update(intervals[name]))
    return {name: _costs(own, without) | critics[name].certainties() for name, own in times.items()}


def _intervals(settings: Mapping[str, Any]) -> dict[str, int]:
    if "constraint.interval" in settings:
        return {OWN: settings["constraint.interval"]}
    takes_one = "interval" in settings_of(CONSTRAINTS[settings["constraint.name"]])
    return INTERVALS if takes_one else {EVERY: INTERVALS[EVERY]}


def _config(sizes: Sizes, settings: Mapping[str, Any]) -> Config:
    return small_experiment(OPTIMIZER | sizes.settings() | dict(settings))


def _costs(own: list[float], without: list[float]) -> dict[str, list[float]]:
    added = [seconds - bare for seconds, bare in zip(own, without, strict=True)]
    return {"added": added, "share": [a / s for a, s in zip(added, own, strict=True)]}


class _Critic:
    """A critic in training on noise, real and fake alike."""

    def __init__(self, config: Config, sizes: Sizes) -> None:
        self.critic, constraint = build_critic(config), build_constraint(config.constraint)
        self.example = critic_example(config)
        constraint.attach(self.critic, self.example)
        # As in training.
        self.critic.to(memory_format=torch.channels_last_3d)
        self.learner = critic_of(self.critic, constraint, config)
        self.shape = (sizes.batch, *self.example[0].shape[1:])
        self.numbers = count(1)
        # Not timed: memory is laid out, and the optimiser makes its tables.
        self._update(0)

    def seconds_per_update(self, updates: int) -> float:
        """Of the next few updates."""
        seconds = [self._update(number) for number in islice(self.numbers, updates)]
        return sum(seconds) / updates

    def certainties(self) -> dict[str, float]:
        """What is certain of the critic just before the update that a fifth-step clip follows."""
        while (number := next(self.numbers)) % max(INTERVALS.values()):
            self._update(number)
        self.critic.eval()
        layers = affine_layers(self.critic, self.example)
        matrices = [conv_norm_upper_bound(layer.module.weight.flatten(1), ()) for layer in layers]
        bounds = [layer.norm_upper_bound() for layer in layers]
        return {"matrix_norm": max(matrices), "certificate": prod(bounds)}

    def _update(self, number: int) -> float:
        """Make an update; the seconds that it took, not counting how samples were drawn."""
        real, fake = (self._draw(number, side) for side in (0, 1))
        begin = time.process_time()
        terms = critic_step(
            self.learner, real=Batch(real), fake=fake, noise=Noise(0, number), update=number
        )
        check_finite(terms, number)
        return time.process_time() - begin

    def _draw(self, *keys: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed_of(Stream.SAMPLES, *keys))
        return torch.rand(self.shape, generator=generator) * 2 - 1
