"""Seconds per training step of every strategy, taken in turn in one process."""

import math
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from tgan.benchmarks.clipping.strategies import unconstrained
from tgan.benchmarks.experiments import variation
from tgan.config import Config
from tgan.data.datasets import open_dataset
from tgan.models.conditions import conditioning_of
from tgan.runs.build import build_task, classes_of
from tgan.training.gan import GANTask
from tgan.training.processes import make_accelerator
from tgan.training.streams import RealBatches, latent_batches

# Steps in a round, at least: as many as the critic's updates between two clips of the paper.
ROUND, WARM_UP = 5, 2


def time_strategies(
    config: str, strategies: Mapping[str, Mapping[str, Any]], *, rounds: int
) -> dict[str, Any]:
    """Train every strategy and its twin without constraint a few steps, by turns.

    Args:
        config: the experiment as YAML text.
        strategies: dotted settings by strategy.

    Returns:
        By strategy: `seconds` per step (the median over rounds), `rounds` (each one's), and
        `share`, the median over rounds of the constraint's share of them.

    Raises:
        ArithmeticError: a strategy diverged within these few steps.
    """
    variants: dict[str, dict[str, Any]] = {}
    for settings in strategies.values():
        variants |= {_key(each): each for each in (dict(settings), unconstrained(settings))}
    trainers = {key: _Trainer(variation(config, each)) for key, each in variants.items()}
    for trainer in trainers.values():
        trainer.seconds_per_step(WARM_UP)
    times: dict[str, list[float]] = {key: [] for key in trainers}
    for _ in range(rounds):
        for key, trainer in trainers.items():
            times[key].append(trainer.seconds_per_step(trainer.round))
    return {
        name: _summary(times[_key(settings)], times[_key(unconstrained(settings))])
        for name, settings in strategies.items()
    }


def _summary(own: list[float], twin: list[float]) -> dict[str, Any]:
    shares = [1 - without / seconds for seconds, without in zip(own, twin, strict=True)]
    return {"seconds": median(own), "rounds": own, "share": median(shares)}


def _key(settings: Mapping[str, Any]) -> str:
    return str(sorted(settings.items()))


class _Trainer:
    """An experiment in training, of which nothing is kept.

    Attributes:
        round: steps in which its constraint acts as often as in any others.
    """

    def __init__(self, config: Config) -> None:
        source = open_dataset(config.data)
        classes = classes_of(source, config) if config.conditional else []
        accelerator = make_accelerator(mixed_precision=config.train.mixed_precision)
        self.task: GANTask = build_task(config, accelerator, classes)
        self._step = 0
        interval = self.task.critic.constraint.interval
        self.round = math.ceil(ROUND / interval) * interval
        shared = {
            "batch_size": config.train.batch_size,
            "seed": config.train.seed,
            "device": accelerator.device,
        }
        self._reals = RealBatches(source, conditioning_of(config, classes), **shared)
        self._latents = latent_batches(config.generator.z_slow, **shared)

    def seconds_per_step(self, steps: int) -> float:
        """Of the next few steps, until their losses are known."""
        begin = time.perf_counter()
        for _ in range(steps):
            terms = self.task.step(self._step, self._reals, self._latents)
            self._step += 1
        float(sum(terms.values()))
        return (time.perf_counter() - begin) / steps
