"""Fitness against its formulas in NumPy, and what it leaves behind: nothing."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from tgan.constraints import Constraint, SpectralNorm
from tgan.losses import OBJECTIVES
from tgan.models.mlp import MLPCritic
from tgan.rng.noise import Noise
from tgan.training.schedules.fitness import fitness
from tgan.training.steps import Batch, Critic


class Linear(nn.Module):
    """Scores (N, 2) by their distance from a line."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, -2.0]).double())
        self.bias = nn.Parameter(torch.tensor(0.25).double())

    def forward(self, x):
        return x @ self.weight + self.bias


def critic_of(network, constraint=None):
    rules = {"objective": OBJECTIVES["non_saturating"], "constraint": constraint or Constraint()}
    return Critic(network, torch.optim.SGD(network.parameters()), **rules)


def samples(seed):
    return torch.randn(6, 2, generator=torch.Generator().manual_seed(seed)).double()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_it_is_that_of_the_formulas():
    """Of a linear critic, whose gradient is written down."""
    network, real, fake = Linear(), samples(0), samples(1) + 1
    quality, diversity = fitness(critic_of(network), real=Batch(real), fake=fake, noise=Noise(0))
    weight, x, y = network.weight.detach().numpy(), real.numpy(), fake.numpy()
    at_real, at_fake = (sigmoid(each @ weight + 0.25) for each in (x, y))
    # Of - log D(x) - log(1 - D(y)), in the score, and then in the weights.
    slopes = np.concatenate([at_real - 1, at_fake]) / len(x)
    ones = np.concatenate([np.c_[each, np.ones(len(each))] for each in (x, y)])
    gradient = slopes @ ones
    assert quality.item() == pytest.approx(at_fake.mean(), rel=1e-12)
    assert diversity.item() == pytest.approx(-np.log(np.linalg.norm(gradient)), rel=1e-12)
    assert not quality.requires_grad and not diversity.requires_grad


def test_samples_in_one_place_are_less_diverse_at_the_same_quality():
    """Far out on the line through the real mean on which the critic's score is the same."""
    network, real = Linear(), samples(0)
    along = torch.tensor([2.0, 0.5]).double()
    assert along @ network.weight == 0
    spread = fitness(critic_of(network), real=Batch(real), fake=real, noise=Noise(0))
    place = torch.linalg.pinv(network.weight[None].detach()).T * (
        torch.logit(spread[0]) - network.bias.detach()
    )
    point = (place + 10 * along).expand_as(real)
    alike = fitness(critic_of(network), real=Batch(real), fake=point, noise=Noise(0))
    assert alike[0].item() == pytest.approx(spread[0].item(), rel=1e-12)
    assert alike[1] < spread[1] - 1


def test_a_critic_that_learns_nothing_has_a_finite_fitness():
    class Same(Linear):
        def forward(self, x):
            return super().forward(x) * 0

    found = fitness(critic_of(Same()), real=Batch(samples(0)), fake=samples(1), noise=Noise(0))
    assert found[0] == 0.5 and torch.isfinite(found[1]) and found[1] > 100


@pytest.mark.parametrize("kind", ["batch norm", "spectral norm"])
def test_the_critic_stays_as_it_is(kind):
    torch.manual_seed(0)
    network = MLPCritic(2, width=6, depth=3, batch_norm=kind == "batch norm").double()
    constraint = Constraint() if kind == "batch norm" else SpectralNorm()
    constraint.attach(network, (torch.zeros(1, 2).double(),))
    learner = critic_of(network, constraint)
    for parameter in network.parameters():
        parameter.grad = torch.full_like(parameter, 3.0)
    before = copy.deepcopy(network.state_dict())
    found = fitness(learner, real=Batch(samples(0)), fake=samples(1), noise=Noise(0))
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all((p.grad == 3).all() and p.requires_grad for p in network.parameters())
    # The same as by itself, where it does leave its traces.
    scores = network(samples(1))
    assert found[0] == scores.sigmoid().mean()
    assert any(not torch.equal(before[name], value) for name, value in network.state_dict().items())
