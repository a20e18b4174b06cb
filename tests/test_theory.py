"""What theory says of critics and of training, on problems small enough to know the answer."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from tgan.constraints import CONSTRAINTS
from tgan.losses import OBJECTIVES
from tgan.models.mlp import MLPCritic
from tgan.rng.noise import Noise
from tgan.training.steps import Batch, Critic, Learner, critic_step, simultaneous_step


def normal(x, mean, deviation):
    return np.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))


def p(x):
    """Two bumps."""
    return (normal(x, -1.5, 0.5) + normal(x, 1.5, 0.5)) / 2


def q(x):
    return normal(x, 0.5, 1)


def trained_critic(objective: str) -> MLPCritic:
    """A critic that has seen enough of p (real) and q (fake)."""
    torch.manual_seed(0)
    critic = MLPCritic(1, width=64, depth=2)
    optimizer = torch.optim.Adam(critic.parameters(), 1e-2)
    rules = {"objective": OBJECTIVES[objective], "constraint": CONSTRAINTS["none"]()}
    learner = Critic(critic, optimizer, **rules)
    rng, steps = np.random.default_rng(0), 1200
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - step / steps)
        real = rng.normal(rng.choice([-1.5, 1.5], (512, 1)), 0.5)
        fake = rng.normal(0.5, 1, (512, 1))
        batch = Batch(torch.from_numpy(real).float())
        fake = torch.from_numpy(fake).float()
        critic_step(learner, real=batch, fake=fake, noise=Noise(0, step), update=step + 1)
    return critic


OPTIMA = {
    # Goodfellow et al. 2014, Proposition 1: D = p / (p + q), where D is the sigmoid of a score.
    "minimax": lambda score: 1 / (1 + np.exp(-score)),
    "non_saturating": lambda score: 1 / (1 + np.exp(-score)),
    # Mao et al. 2017, equation 5, with targets 1 and 0.
    "least_squares": lambda score: score,
}


@pytest.mark.parametrize("objective", OPTIMA)
def test_the_trained_discriminator_approaches_the_optimal_one(objective):
    x = np.linspace(-4, 4, 801)
    critic = trained_critic(objective)
    score = critic(torch.from_numpy(x[:, None]).float()).detach().numpy()
    error = np.abs(OPTIMA[objective](score) - p(x) / (p(x) + q(x)))
    weight = (p(x) + q(x)) / (p(x) + q(x)).sum()
    assert (error * weight).sum() < 0.03
    # What a discriminator would err that cannot tell them apart.
    assert (np.abs(0.5 - p(x) / (p(x) + q(x))) * weight).sum() > 0.15


class Dirac(nn.Module):
    """A generator whose every sample is its one parameter."""

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta, dtype=torch.float64))

    def forward(self, z):
        return self.theta.expand(len(z), 1)


class Slope(nn.Module):
    """A critic whose score is its one parameter times the sample."""

    def __init__(self, psi: float) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(psi, dtype=torch.float64))

    def forward(self, x):
        return (self.psi * x).flatten()


def play(objective: str, constraint, *, steps: int, rate: float) -> np.ndarray:
    """Gradient descent of both networks at once, with all real samples at 0: (steps + 1, 2)."""
    generator, critic = Dirac(1.0), Slope(0.5)
    optimizers = [torch.optim.SGD(module.parameters(), rate) for module in (generator, critic)]
    rules = {"objective": OBJECTIVES[objective], "constraint": constraint}
    learners = Learner(generator, optimizers[0]), Critic(critic, optimizers[1], **rules)
    real, z = Batch(torch.zeros(2, 1, dtype=torch.float64)), torch.zeros(2, 1)
    path = [(generator.theta.item(), critic.psi.item())]
    for step in range(steps):
        simultaneous_step(
            *learners, reals=[real], latents=[z], noise=Noise(0, step), update=step + 1
        )
        path.append((generator.theta.item(), critic.psi.item()))
    return np.array(path)


# Mescheder, Geiger and Nowozin 2018, "Which training methods for GANs do actually converge?"
@pytest.mark.parametrize("objective", ["minimax", "wasserstein"])
def test_dirac_gan_circles_outwards_without_regularisation(objective):
    rate = 0.1
    path = play(objective, CONSTRAINTS["none"](), steps=400, rate=rate)
    squares = (path**2).sum(1)
    # Each step goes at a right angle to where the networks are, at the slope of the loss.
    at = path[:-1].prod(1)
    slope = 1 / (1 + np.exp(-at)) if objective == "minimax" else np.ones_like(at)
    np.testing.assert_allclose(squares[1:] / squares[:-1], 1 + (rate * slope) ** 2, rtol=1e-9)
    crossings = (np.sign(path[1:, 0]) != np.sign(path[:-1, 0])).sum()
    assert crossings >= 3 and squares[-1] > 2 * squares[0]


@pytest.mark.parametrize("objective", ["minimax", "non_saturating", "relativistic"])
@pytest.mark.parametrize(("name", "weight"), [("r1", 1.0), ("r1_r2", 0.5)])
def test_dirac_gan_settles_under_penalties_at_the_samples(objective, name, weight):
    path = play(objective, CONSTRAINTS[name](weight=weight), steps=400, rate=0.1)
    assert np.abs(path[-1]).max() < 1e-3


@pytest.mark.parametrize(
    "constraint",
    [CONSTRAINTS["wgan_gp"](weight=0.5), CONSTRAINTS["weight_clip"](maximum=0.5)],
    ids=lambda constraint: type(constraint).__name__,
)
def test_dirac_gan_goes_on_circling_under_what_only_bounds_the_slope(constraint):
    path = play("wasserstein", constraint, steps=2000, rate=0.05)
    late = path[1000:, 0]
    assert np.abs(late).max() > 0.02 and (np.sign(late[1:]) != np.sign(late[:-1])).any()
