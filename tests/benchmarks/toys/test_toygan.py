import math

import numpy as np
import pytest
import torch

from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.collapse.cures import CURES
from tgan.benchmarks.collapse.toys.jobs import settings_of
from tgan.benchmarks.toys.recipe import RECIPE
from tgan.benchmarks.toys.small import small_experiment
from tgan.benchmarks.toys.toygan import draw_samples, judge, train_generator
from tgan.data.made.toy import TOYS, GaussianMixture, ring


def experiment_of(strategy, **train):
    """A strategy at a rate of 3e-3 under the recipe, changed."""
    rates = {"generator_optimizer.lr": 3e-3, "critic_optimizer.lr": 3e-3}
    changed = {f"train.{name}": value for name, value in train.items()}
    return small_experiment(RECIPE | STRATEGIES[strategy].settings() | rates | changed)


def test_divergence_is_an_arithmetic_error():
    config = experiment_of("none", steps=20, n_critic=2)
    config.critic_optimizer.lr = 1e30
    with pytest.raises(ArithmeticError):
        draw_samples(train_generator(ring(), config, 0), 10, 0)


@pytest.mark.slow
def test_training_moves_samples_to_where_the_mixture_is():
    """One mode away from the origin: a generator has to learn where it is, and how wide."""
    mixture = GaussianMixture(np.array([[1.0, -0.5]]), 0.1)
    distances = []
    for steps in (1, 200):
        config = experiment_of("wgan_gp", steps=steps, n_critic=3)
        samples = draw_samples(train_generator(mixture, config, 0), 200, 0)
        distances.append(judge(samples, mixture, 0)["transport"])
    before, after = distances
    assert before > 1 and after < 0.4


def test_a_seed_trains_the_same_generator_again_and_another_one_another():
    config = experiment_of("none", steps=3)
    first, again, other = (
        draw_samples(train_generator(ring(), config, seed), 5, 0) for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_recipe_makes_good_samples_the_rule_and_a_fifth_of_it_does_not():
    plain, found = settings_of(CURES["plain"], quick=False), {}
    for steps in (RECIPE["train.steps"], RECIPE["train.steps"] // 5):
        config = small_experiment(plain | {"train.steps": steps})
        samples = draw_samples(train_generator(ring(), config, 0), 2500, 0)
        found[steps] = judge(samples, ring(), 0)
    long, short = found.values()
    assert long["good"] > 0.7 > 0.5 > short["good"] and long["modes"] >= 6


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
