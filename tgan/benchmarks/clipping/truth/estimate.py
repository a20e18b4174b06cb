"""Critic that is trained to estimate a known distance, and what it then says."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from tgan.benchmarks.clipping.truth.problems import Problem
from tgan.benchmarks.toys.small import check_finite, critic_of, critic_settings
from tgan.config import Config
from tgan.rng import Stream, numpy_rng
from tgan.rng.noise import Noise
from tgan.rng.weights import seeded
from tgan.runs.build import build_constraint
from tgan.training.steps import Batch, critic_step

CHECK_EVERY = 50
# Batches of the held-out ones at which gradients are taken.
STEEPNESS_BATCHES = 4


def train_critic(problem: Problem, config: Config, seed: int) -> nn.Module:
    """A critic that has made its updates; their number is a multiple of usual intervals.

    Its learning rate falls to 0 in a straight line, so that what it ends at is no accident of its
    last steps.

    Raises:
        ArithmeticError: it diverged.
    """
    critic = seeded(lambda: problem.critic(**critic_settings(config)), seed)
    constraint = build_constraint(config.constraint)
    rng = numpy_rng(Stream.SAMPLES, seed, 0)
    constraint.attach(critic, (_tensor(problem.draw(1, rng)[0][:1]),))
    learner = critic_of(critic, constraint, config)
    for update in range(1, problem.updates + 1):
        learner.set_rate(config.critic_optimizer.lr * (1 - (update - 1) / problem.updates))
        real, fake = map(_tensor, problem.draw(problem.batch, rng))
        noise = Noise(seed, update)
        terms = critic_step(learner, real=Batch(real), fake=fake, noise=noise, update=update)
        if update % CHECK_EVERY == 0:
            check_finite(terms, update)
    return critic


def measure(critic: nn.Module, problem: Problem, seed: int) -> dict[str, float]:
    """What a critic estimates and how steep it is, on fresh samples where there are any.

    Returns:
        `estimate`, real scores less fake ones, scored as in training: in batches, real and fake
        apart; `stderr` of it over the batches; `inference`, the same in inference mode;
        `gradient`, the largest gradient norm at real and fake samples and between them.
    """
    rng = numpy_rng(Stream.SAMPLES, seed, 1)
    pairs = [
        tuple(map(_tensor, problem.draw(problem.batch, rng)))
        for _ in range(max(problem.held_out, 1))
    ]
    critic.eval()
    inference = _gaps(critic, pairs)
    gradient = max(_largest_gradient(critic, *pair, rng) for pair in pairs[:STEEPNESS_BATCHES])
    # Last, since batch norms go on updating their running statistics.
    gaps = _gaps(critic.train(), pairs)
    stderr = gaps.std(ddof=1) / len(gaps) ** 0.5 if len(gaps) > 1 else 0.0
    means = {"estimate": gaps.mean(), "inference": inference.mean(), "stderr": stderr}
    return {name: float(value) for name, value in means.items()} | {"gradient": gradient}


@torch.no_grad()
def _gaps(critic: nn.Module, pairs: Sequence[tuple[Tensor, Tensor]]) -> np.ndarray:
    """Mean real score less mean fake score, of every pair of batches."""
    means = [[critic(side).double().mean() for side in pair] for pair in pairs]
    return np.array([float(real - fake) for real, fake in means])


def _largest_gradient(critic: nn.Module, real: Tensor, fake: Tensor, rng) -> float:
    shares = _tensor(rng.random((len(real), *[1] * (real.ndim - 1))))
    places = torch.cat([real, fake, torch.lerp(fake, real, shares)]).requires_grad_()
    (gradients,) = torch.autograd.grad(critic(places).sum(), places)
    return float(gradients.flatten(1).norm(dim=1).max())


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values).float()
