"""GAN of points in the plane: its training, and how near it comes to its mixture."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from tgan.benchmarks.toys.small import check_finite, critic_of, critic_settings
from tgan.config import Config
from tgan.data.made.toy import GaussianMixture
from tgan.metrics.modes import count_modes
from tgan.metrics.transport import transport
from tgan.models.mlp import MLP, MLPCritic
from tgan.rng import Stream, numpy_rng
from tgan.rng.noise import Noise
from tgan.rng.weights import seeded
from tgan.runs.build import build_constraint, build_optimizer
from tgan.training.gan import GANTask
from tgan.training.rates import linear
from tgan.training.steps import Batch, Learner

# Gulrajani et al. 2017 have latents of 2 numbers, batches of 256 and networks of 512.
LATENT, WIDTH, DEPTH, BATCH = 2, 128, 2, 128
# Lin et al. 2018: samples that modes are counted over.
SAMPLES = 2500
# Samples of each kind that an exact distance is taken between; it takes their number cubed.
PAIRED = 1000
CHECK_EVERY = 50


@dataclass(frozen=True)
class Schedule:
    """How long a toy GAN is trained.

    Attributes:
        steps: updates of the generator.
        n_critic: of the critic, before each.
    """

    steps: int
    n_critic: int


SCHEDULE, QUICK = Schedule(steps=1200, n_critic=5), Schedule(steps=10, n_critic=2)


def train_generator(
    mixture: GaussianMixture, config: Config, schedule: Schedule, seed: int
) -> nn.Module:
    """A generator of points, after its training.

    Learning rates fall to 0 in a straight line: at a constant one the modes of these mixtures are
    narrower than the last steps are long.

    Raises:
        ArithmeticError: training diverged.
    """
    size = mixture.centres.shape[1]
    generator = seeded(lambda: MLP((LATENT, *[WIDTH] * DEPTH, size)), seed, 0)
    settings = critic_settings(config)
    critic = seeded(lambda: MLPCritic(size, width=WIDTH, depth=DEPTH, **settings), seed, 1)
    constraint = build_constraint(config.constraint)
    constraint.attach(critic, (torch.zeros(1, size),))
    task = GANTask(
        Learner(generator, build_optimizer(config.generator_optimizer, generator)),
        critic_of(critic, constraint, config),
        schedule="alternating",
        n_critic=schedule.n_critic,
        rate_at=linear(schedule.steps),
        noise=partial(Noise, seed),
    )
    reals, latents = _reals(mixture, seed), _latents(seed)
    for step in range(schedule.steps):
        terms = task.step(step, reals, latents)
        if step % CHECK_EVERY == 0:
            check_finite(terms, step)
    return generator


@torch.no_grad()
def draw_samples(generator: nn.Module, count: int, seed: int) -> np.ndarray:
    """Points (count, D) of a generator.

    Raises:
        ArithmeticError: some are not finite.
    """
    samples = generator(_normal((count, LATENT), numpy_rng(Stream.LATENTS, seed, 1)))
    if not torch.isfinite(samples).all():
        raise ArithmeticError("the generator's samples are not finite")
    return samples.double().numpy()


def judge(samples: np.ndarray, mixture: GaussianMixture, seed: int) -> dict[str, float]:
    """How samples (N, 2) compare with the mixture.

    Returns:
        `modes`, `good` (share of good samples) and `reverse_kl` as
        `tgan.metrics.modes.ModeReport` has them, and `transport`: the exact Wasserstein-1
        distance of the first 1,000 samples from as many fresh ones of the mixture.
    """
    report = count_modes(samples, mixture.centres, mixture.deviation)
    paired = samples[:PAIRED]
    fresh = mixture.draw(len(paired), numpy_rng(Stream.SAMPLES, seed, 1))
    return {
        "modes": report.covered,
        "good": report.good_share,
        "reverse_kl": report.reverse_kl,
        "transport": transport(paired, fresh),
    }


def _reals(mixture: GaussianMixture, seed: int) -> Iterator[Batch]:
    rng = numpy_rng(Stream.SAMPLES, seed, 0)
    while True:
        yield Batch(torch.from_numpy(mixture.draw(BATCH, rng)).float())


def _latents(seed: int) -> Iterator[Tensor]:
    rng = numpy_rng(Stream.LATENTS, seed, 0)
    while True:
        yield _normal((BATCH, LATENT), rng)


def _normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape)).float()
