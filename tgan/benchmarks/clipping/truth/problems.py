"""Pairs of distributions whose Wasserstein-1 distance is known, and critics that estimate it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from torch import nn

from tgan.data.made.toy import ring
from tgan.metrics.transport import transport, transport_of_distributions
from tgan.models import VideoCritic
from tgan.models.mlp import MLPCritic
from tgan.rng import Stream, numpy_rng

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """A pair of distributions.

    Attributes:
        title: for tables.
        distance: W1 between them.
        draw: number of samples of each, generator -> real and fake samples (N, ...).
        critic: settings of `small.critic_settings` -> a new critic of such samples.
        updates: of the critic.
        batch: samples of each in an update.
        held_out: batches that the estimate is taken from; 0 takes it from the samples that the
            critic was trained on, which are always the same then.
    """

    title: str
    distance: float
    draw: Callable[[int, np.random.Generator], Pair]
    critic: Callable[..., nn.Module]
    updates: int
    batch: int
    held_out: int


def line(seed: int) -> Problem:
    """Two bumps against one between them, on a line: the best critic is |x|, but for far tails."""
    from scipy.special import ndtr

    middle, deviation = 1.5, 0.5

    def draw(count: int, rng: np.random.Generator) -> Pair:
        sides = middle * rng.choice((-1, 1), size=count)
        return (sides + deviation * rng.standard_normal(count))[:, None], rng.standard_normal(
            (count, 1)
        )

    distance = transport_of_distributions(
        lambda x: (ndtr((x - middle) / deviation) + ndtr((x + middle) / deviation)) / 2,
        ndtr,
        low=-10,
        high=10,
    )
    return Problem("two bumps and one on a line", distance, draw, _mlp(1), 1000, 256, 64)


def gaussians(seed: int, *, size: int = 16) -> Problem:
    """Gaussians of one covariance, with deviations from 0.1 to 1, whose means are 1 apart."""
    rng = numpy_rng(Stream.SAMPLES, seed, size)
    axes = np.linalg.qr(rng.standard_normal((size, size)))[0]
    root = axes * np.geomspace(0.1, 1, size)
    shift = rng.standard_normal(size)
    shift /= np.linalg.norm(shift)

    def draw(count: int, rng: np.random.Generator) -> Pair:
        real, fake = (rng.standard_normal((count, size)) @ root.T for _ in range(2))
        return real + shift, fake

    return Problem(f"Gaussians in {size} dimensions", 1.0, draw, _mlp(size), 1000, 256, 64)


def clips(seed: int) -> Problem:
    """Clips of noise, one kind brighter than the other: translated Gaussians, as above."""
    shape, brightness, deviation = (1, 16, 32, 32), 0.25, 0.25

    def draw(count: int, rng: np.random.Generator) -> Pair:
        real, fake = (deviation * rng.standard_normal((count, *shape)) for _ in range(2))
        return real + brightness, fake - brightness

    distance = 2 * brightness * float(np.sqrt(np.prod(shape)))

    critic = partial(
        VideoCritic, channels=shape[0], num_frames=shape[1], resolution=shape[2], width=8
    )
    return Problem("clips of noise, 16x32x32", distance, draw, critic, 300, 8, 8)


def pairing(seed: int) -> Problem:
    """A few samples of the ring and of a Gaussian: exact discrete transport, no sampling error."""
    count, rng = 256, numpy_rng(Stream.SAMPLES, seed, 2)
    pair = ring().draw(count, rng), rng.standard_normal((count, 2))
    return Problem(
        f"{count} fixed samples in the plane",
        transport(*pair),
        lambda count, rng: pair,
        _mlp(2),
        1000,
        count,
        0,
    )


PROBLEMS = {"line": line, "gaussians": gaussians, "clips": clips, "pairing": pairing}


def _mlp(size: int) -> Callable[..., nn.Module]:
    return partial(MLPCritic, size, width=64, depth=3)
