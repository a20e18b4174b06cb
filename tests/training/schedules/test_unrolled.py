"""Unrolled GAN against games in closed form, finite differences, and the alternating schedule."""

import copy
from itertools import count

import numpy as np
import pytest
import torch
from torch import nn

from tests.made.point_gans import assert_same, latents, make_task, reals
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.losses import OBJECTIVES, Objective
from tgan.models import VideoCritic
from tgan.rng.noise import Noise
from tgan.training.auxiliary import FeatureMatching
from tgan.training.critic_losses import CrossEntropy
from tgan.training.gan import GANTask
from tgan.training.schedules.unrolled import Unrolled, foreseen, unrolled_gradients
from tgan.training.steps import Batch, Critic, Learner


class Shift(nn.Module):
    """Adds one number to its latents (N, 1)."""

    def __init__(self, shift):
        super().__init__()
        self.shift = nn.Parameter(torch.tensor(shift, dtype=torch.float64))

    def forward(self, z):
        return z + self.shift


class Slope(nn.Module):
    """Scores (N, 1) by one number times each."""

    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, x):
        return (self.slope * x).flatten()


RATE, SHIFT, SLOPE = 0.1, 0.3, 0.7
REAL = torch.tensor([[1.0], [2.0], [4.0]]).double()
LATENT = torch.tensor([[-1.0], [0.5], [0.25]]).double()


def linear_game(unroll, real, fake):
    """By hand: the slope falls by RATE (mean of fakes - of reals) in each of the critic's updates.

    The generator loses minus the slope ahead times the mean of fakes.
    """
    gap = fake.mean() - real.mean()
    ahead = SLOPE - unroll * RATE * gap
    return -ahead * fake.mean(), -(ahead - unroll * RATE * fake.mean())


def quadratic_game(unroll, real, fake):
    """By hand: least squares, whose updates are linear in the slope, and its derivative's."""
    slope, derivative = SLOPE, 0.0
    curvature = (real**2).mean() + (fake**2).mean()
    for _ in range(unroll):
        slope, derivative = (
            slope - RATE * (curvature * slope - real.mean()),
            derivative - RATE * (curvature * derivative + 2 * fake.mean() * slope),
        )
    missing = slope * fake - 1
    return (missing**2).mean() / 2, (missing * (slope + derivative * fake)).mean()


@pytest.mark.parametrize("unroll", [0, 1, 2, 7])
@pytest.mark.parametrize(
    ("objective", "game"), [("wasserstein", linear_game), ("least_squares", quadratic_game)]
)
def test_games_have_the_losses_and_gradients_of_their_closed_form(objective, game, unroll):
    generator, critic = Shift(SHIFT), Slope(SLOPE)
    learners = (
        Learner(generator, torch.optim.SGD(generator.parameters(), lr=1.0)),
        Critic(
            critic,
            torch.optim.SGD(critic.parameters(), lr=RATE),
            objective=OBJECTIVES[objective],
            constraint=Constraint(),
        ),
    )
    terms = unrolled_gradients(
        *learners, Batch(REAL), LATENT, Noise(0), auxiliary={}, unroll=unroll
    )
    loss, gradient = game(unroll, REAL.numpy(), LATENT.numpy() + SHIFT)
    np.testing.assert_allclose(terms["generator_loss"], loss, rtol=1e-12)
    np.testing.assert_allclose(generator.shift.grad, gradient, rtol=1e-12)
    # The critic is where it was, and owes nothing.
    assert critic.slope.item() == SLOPE and critic.slope.grad is None
    assert critic.slope.requires_grad


def loss_ahead(task, real, z, unroll):
    """What the generator would lose if the critic's own optimiser really made its updates."""
    critic = copy.deepcopy(task.critic)
    fake = task.generator.module(z).detach()
    for _ in range(unroll):
        real_scores, fake_scores = critic.module(real.samples), critic.module(fake)
        critic.objective.critic(real_scores, fake_scores).backward()
        critic.update()
    scores = critic.module(real.samples), critic.module(fake)
    return critic.objective.generator(*scores).item()


@pytest.mark.parametrize("objective", ["minimax", "non_saturating", "relativistic", "hinge"])
@pytest.mark.parametrize("unroll", [1, 4])
def test_the_gradient_is_that_of_the_loss_after_real_updates(objective, unroll):
    """Of Adam that is under way, by central differences along the gradient and across it."""
    task = make_task(Unrolled(unroll=unroll), objective=objective)
    batches, draws = reals(), latents(count())
    for step in range(3):
        task.step(step, batches, draws)
    real, z = next(batches), next(draws)
    terms = unrolled_gradients(
        task.generator, task.critic, real, z, Noise(0), auxiliary={}, unroll=unroll
    )
    assert terms["generator_loss"].item() == pytest.approx(loss_ahead(task, real, z, unroll), 1e-12)
    parameters = list(task.generator.module.parameters())
    gradients = [p.grad.clone() for p in parameters]
    torch.manual_seed(1)
    for direction in (gradients, [torch.randn_like(p) for p in parameters]):
        length, losses = 1e-6 / sum(d.square().sum() for d in direction).sqrt().item(), []
        for sign in (1, -2):
            with torch.no_grad():
                for parameter, way in zip(parameters, direction, strict=True):
                    parameter += sign * length * way
            losses.append(loss_ahead(task, real, z, unroll))
        with torch.no_grad():
            for parameter, way in zip(parameters, direction, strict=True):
                parameter += length * way
        slope = sum((g * d).sum() for g, d in zip(gradients, direction, strict=True)).item()
        assert (losses[0] - losses[1]) / (2 * length) == pytest.approx(slope, rel=1e-5)


def taken(schedule, steps=4, **settings):
    task = make_task(schedule, **settings)
    batches, draws = reals(), latents(count())
    return task, [task.step(step, batches, draws) for step in range(steps)]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_without_a_look_ahead_it_is_the_alternating_schedule_to_the_bit(objective):
    settings = {"objective": objective, "auxiliary": {"feature_matching": FeatureMatching(0.5)}}
    (one, terms), (other, same) = (
        taken(Unrolled(n_critic=2, unroll=0), **settings),
        taken("alternating", n_critic=2, **settings),
    )
    assert terms == same
    assert_same(one, other)


def test_the_critic_makes_its_own_updates_alone():
    """In one step the two schedules differ in the generator, in which they differ."""
    (ahead, _), (plain, _) = taken(Unrolled(unroll=3), 1), taken("alternating", 1)
    tables = ahead.tensors(), plain.tensors()
    for name in ("critic", "critic_optimizer"):
        for key, value in tables[0][name].items():
            assert torch.equal(value, tables[1][name][key])
    weights = [table["generator"]["linears.0.weight"] for table in tables]
    assert not torch.allclose(*weights)


def test_a_foreseen_critic_scores_as_one_that_was_updated():
    task, _ = taken(Unrolled(unroll=1), 2)
    real, fake = next(reals(7)), next(reals(99)).samples
    ahead = foreseen(task.critic, real, fake, Noise(0), unroll=2)
    assert not list(ahead.module.parameters())
    found = ahead.module(fake)
    for _ in range(2):
        scores = task.critic.module(real.samples), task.critic.module(fake)
        task.critic.objective.critic(*scores).backward()
        task.critic.update()
    torch.testing.assert_close(found, task.critic.module(fake), rtol=1e-12, atol=1e-13)


def test_features_are_those_of_the_critic_ahead():
    task, _ = taken(Unrolled(unroll=1), 2)
    real, fake = next(reals(7)), next(reals(99)).samples
    ahead = foreseen(task.critic, real, fake, Noise(0), unroll=1)
    found = ahead.features(fake, (), Noise(0))
    before = task.critic.features(fake, (), Noise(0))
    scores = task.critic.module(real.samples), task.critic.module(fake)
    task.critic.objective.critic(*scores).backward()
    task.critic.update()
    torch.testing.assert_close(found, task.critic.features(fake, (), Noise(0)))
    assert not torch.allclose(found, before)


def test_conditions_go_with_their_samples():
    """The critic ahead of a conditional GAN scores under the classes of the batch."""
    torch.manual_seed(0)
    critic = VideoCritic(
        channels=1, resolution=8, num_frames=1, width=4, batch_norm=False, num_labels=3
    ).double()
    learner = Critic(
        critic,
        torch.optim.SGD(critic.parameters(), lr=0.1),
        objective=OBJECTIVES["minimax"],
        constraint=Constraint(),
    )
    real = Batch(torch.rand(3, 1, 1, 8, 8).double(), (torch.tensor([0, 2, 1]),))
    fake = torch.rand(3, 1, 1, 8, 8).double()
    ahead = foreseen(learner, real, fake, Noise(0), unroll=1)
    found = ahead.score(ahead.module, fake, real.condition, Noise(0))
    scores = [critic(x, *real.condition) for x in (real.samples, fake)]
    learner.objective.critic(*scores).backward()
    learner.update()
    torch.testing.assert_close(found, critic(fake, *real.condition), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in CONSTRAINTS if name != "none"])
def test_constraints_are_refused(name):
    critic = nn.Linear(2, 1)
    rules = {"objective": Objective(None, None), "constraint": CONSTRAINTS[name]()}
    learner = Critic(critic, torch.optim.SGD(critic.parameters()), **rules)
    with pytest.raises(ValueError, match="set constraint.name none") as error:
        GANTask(None, learner, schedule=Unrolled())
    assert "\n" not in str(error.value)


def test_other_losses_of_the_critic_are_refused():
    critic = nn.Linear(2, 1)
    rules = {"objective": OBJECTIVES["minimax"], "constraint": Constraint()}
    learner = Critic(critic, torch.optim.SGD(critic.parameters()), **rules)
    learner.auxiliary = {"cross_entropy": CrossEntropy(1.0)}
    with pytest.raises(ValueError, match="beside which this one pays cross_entropy"):
        GANTask(None, learner, schedule=Unrolled())


def test_batch_norms_and_other_optimisers_are_refused():
    rules = {"objective": OBJECTIVES["minimax"], "constraint": Constraint()}
    critic = VideoCritic(channels=1, resolution=16, num_frames=1, width=4)
    learner = Critic(critic, torch.optim.SGD(critic.parameters()), **rules)
    with pytest.raises(ValueError, match=r"'norms.1' is a batch norm, .*critic.batch_norm false"):
        GANTask(None, learner, schedule="unrolled")
    learner.optimizer = torch.optim.AdamW(critic.parameters())
    learner.module = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="updates of AdamW cannot be foreseen"):
        GANTask(None, learner, schedule="unrolled")
