import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.clipping.truth.estimate import measure, train_critic
from tgan.benchmarks.clipping.truth.part import RATE
from tgan.benchmarks.clipping.truth.problems import PROBLEMS
from tgan.benchmarks.toys.small import small_experiment


class Linear(nn.Module):
    """Scores <direction, x>, whatever the axes of x."""

    def __init__(self, direction: np.ndarray) -> None:
        super().__init__()
        self.direction = torch.from_numpy(direction).float()

    def forward(self, x):
        return (x * self.direction).flatten(1).sum(1)


@pytest.mark.parametrize("slope", [0.5, 2.0])
@pytest.mark.parametrize("name", ["gaussians", "clips"])
def test_a_critic_that_is_known_measures_as_it_must(name, slope):
    """Along the shift, <direction, x> with |direction| = slope estimates slope times W1."""
    problem = dataclasses.replace(PROBLEMS[name](0), held_out=8)
    count = 20_000 if name == "gaussians" else 40
    real, fake = problem.draw(count, np.random.default_rng(5))
    shift = real.mean(0) - fake.mean(0)
    if name == "clips":
        shift = np.ones_like(shift)
    critic = Linear(slope * shift / np.linalg.norm(shift))
    found = measure(critic, problem, 0)
    assert found["gradient"] == pytest.approx(slope, rel=1e-4)
    assert found["estimate"] == found["inference"]
    error = abs(found["estimate"] - slope * problem.distance)
    assert error < 5 * found["stderr"] + 1e-3 * slope * problem.distance
    assert 0 < found["stderr"] < 0.05 * slope


def test_batch_norms_score_as_in_training_and_once_more_in_inference_mode():
    problem = PROBLEMS["gaussians"](0)
    critic = problem.critic(batch_norm=True)
    with torch.no_grad():
        critic.norms[1].running_var.fill_(100.0)
    running = dataclasses.replace(problem, held_out=2)
    found = measure(critic, running, 0)
    assert found["estimate"] != pytest.approx(found["inference"], rel=0.01)
    plain = measure(problem.critic(batch_norm=False), running, 0)
    assert plain["estimate"] == plain["inference"]


def trained_ratio(name, strategy, *, updates, seed=0):
    problem = dataclasses.replace(PROBLEMS[name](seed), updates=updates, held_out=8)
    settings = {"critic_optimizer.lr": RATE} | STRATEGIES[strategy].settings()
    found = measure(train_critic(problem, small_experiment(settings), seed), problem, seed)
    return found["estimate"] / problem.distance, found["stderr"] / problem.distance, found


def test_a_clipped_critic_stays_below_the_truth_and_a_free_one_does_not():
    ratio, error, found = trained_ratio("gaussians", "svc", updates=100)
    assert 0.5 < ratio < 1 + 4 * error and found["gradient"] <= 1 + 1e-4
    free, _, found = trained_ratio("gaussians", "none", updates=100)
    assert free > 10 and found["gradient"] > 10


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "exceeds"), [("svc", True), ("svc_certified", False)])
def test_the_matrix_view_lets_a_critic_of_clips_exceed_the_truth(strategy, exceeds):
    ratio, error, found = trained_ratio("clips", strategy, updates=100)
    assert (ratio > 1.5) == exceeds
    assert exceeds or (ratio < 1 + 4 * error and found["gradient"] < 1 + 1e-4)
