"""GAN of points in the plane: its training, and how near it comes to its mixture."""

from collections.abc import Iterator
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
from tgan.training.auxiliary import auxiliary_losses
from tgan.training.gan import GANTask
from tgan.training.rates import trapezoid
from tgan.training.schedules import make_schedule
from tgan.training.steps import Batch, Learner

# Gulrajani et al. 2017 have latents of 2 numbers, and three hidden layers of 512.
LATENT, WIDTH, DEPTH = 2, 64, 3
# Of minibatch discrimination. Salimans et al. 2016 have 100, behind wider layers: here they would
# take fifty times as long as all the rest.
KERNELS = 16
# Lin et al. 2018: samples that modes are counted over.
SAMPLES = 2500
# Samples of each kind that an exact distance is taken between; it takes their number cubed.
PAIRED = 1000
CHECK_EVERY = 50


def train_generator(mixture: GaussianMixture, config: Config, seed: int) -> nn.Module:
    """A generator of points, after its training.

    Args:
        config: of a small experiment; objective, constraint, optimisers, `train` and what holds
            for critics that are perceptrons count, but not its seed.

    Raises:
        ArithmeticError: training diverged.
    """
    size, train = mixture.centres.shape[1], config.train
    generator = seeded(lambda: MLP((LATENT, *[WIDTH] * DEPTH, size)), seed, 0)
    settings = critic_settings(config) | {"width": WIDTH, "depth": DEPTH, "kernels": KERNELS}
    critic = seeded(lambda: MLPCritic(size, **settings), seed, 1)
    constraint = build_constraint(config.constraint)
    constraint.attach(critic, (torch.zeros(1, size),))
    judging = critic_of(critic, constraint, config)
    task = GANTask(
        Learner(generator, build_optimizer(config.generator_optimizer, generator)),
        judging,
        schedule=make_schedule(train),
        auxiliary=auxiliary_losses(train, judging.objective),
        rate_at=trapezoid(train.steps, cool_down=train.cool_down),
        noise=partial(Noise, seed),
    )
    reals, latents = _reals(mixture, train.batch_size, seed), _latents(train.batch_size, seed)
    for step in range(train.steps):
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


def _reals(mixture: GaussianMixture, count: int, seed: int) -> Iterator[Batch]:
    rng = numpy_rng(Stream.SAMPLES, seed, 0)
    while True:
        yield Batch(torch.from_numpy(mixture.draw(count, rng)).float())


def _latents(count: int, seed: int) -> Iterator[Tensor]:
    rng = numpy_rng(Stream.LATENTS, seed, 0)
    while True:
        yield _normal((count, LATENT), rng)


def _normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape)).float()
