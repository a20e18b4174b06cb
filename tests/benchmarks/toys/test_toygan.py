import math

import numpy as np
import pytest
import torch

from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.toys.small import small_experiment
from tgan.benchmarks.toys.toygan import (
    SCHEDULE,
    Schedule,
    draw_samples,
    judge,
    train_generator,
)
from tgan.data.made.toy import TOYS, GaussianMixture, ring


def test_divergence_is_an_arithmetic_error():
    config = small_experiment(STRATEGIES["none"].settings() | {"critic_optimizer.lr": 1e30})
    with pytest.raises(ArithmeticError):
        draw_samples(train_generator(ring(), config, Schedule(20, 2), 0), 10, 0)


def test_training_moves_samples_to_where_the_mixture_is():
    """One mode away from the origin: a generator has to learn where it is, and how wide."""
    mixture = GaussianMixture(np.array([[1.0, -0.5]]), 0.1)
    rates = {"generator_optimizer.lr": 3e-3, "critic_optimizer.lr": 3e-3}
    config = small_experiment(STRATEGIES["wgan_gp"].settings() | rates)
    untrained = train_generator(mixture, config, Schedule(0, 1), 0)
    trained = train_generator(mixture, config, Schedule(200, 3), 0)
    before, after = (judge(draw_samples(g, 200, 0), mixture, 0) for g in (untrained, trained))
    assert before["transport"] > 1 and after["transport"] < 0.4


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_gradient_penalty_reaches_all_modes_of_the_ring():
    rates = {"generator_optimizer.lr": 3e-3, "critic_optimizer.lr": 3e-3}
    config = small_experiment(STRATEGIES["wgan_gp"].settings() | rates)
    samples = draw_samples(train_generator(ring(), config, SCHEDULE, 0), 2500, 0)
    found, blob = (judge(each, ring(), 0) for each in (samples, blob_of(ring())))
    assert found["modes"] == 8 and found["good"] > 5 * blob["good"]
    assert found["transport"] < 0.4 < blob["transport"]


def blob_of(mixture):
    """A Gaussian that lies and spreads as a mixture does."""
    rng = np.random.default_rng(0)
    real = mixture.draw(2500, rng)
    return rng.multivariate_normal(real.mean(0), np.cov(real.T), 2500)


@pytest.mark.parametrize("name", TOYS)
def test_the_mixture_itself_is_judged_best(name):
    mixture = TOYS[name]()
    rng = np.random.default_rng(0)
    own = judge(mixture.draw(2500, rng), mixture, 0)
    assert own["modes"] == len(mixture.centres) and own["good"] > 0.98
    blob = judge(rng.normal(size=(2500, 2)), mixture, 0)
    assert own["transport"] < 0.2 < blob["transport"]
    assert own["reverse_kl"] < 0.02 and blob["good"] < 0.1


def test_samples_that_are_not_finite_are_divergence():
    broken = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(broken.weight, math.inf)
    with pytest.raises(ArithmeticError, match="not finite"):
        draw_samples(broken, 5, 0)
