from itertools import repeat

import pytest
import torch

from tgan.constraints import CONSTRAINTS, Constraint
from tgan.losses import OBJECTIVES
from tgan.models.mlp import MLPCritic
from tgan.rng.noise import Noise
from tgan.training.gan import GANTask
from tgan.training.lazy import share_of, slow_down
from tgan.training.steps import Batch, Critic, Learner, critic_step

PENALTIES = [name for name, make in CONSTRAINTS.items() if make().has_penalty]
ADAM = {"lr": 1e-2, "betas": (0.5, 0.9)}


def make_critic() -> MLPCritic:
    torch.manual_seed(0)
    return MLPCritic(3, width=5, depth=2).double()


def samples(number):
    generator = torch.Generator().manual_seed(number)
    return torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)


def learner_of(critic, constraint, optimizer, **rules):
    return Critic(
        critic, optimizer, objective=OBJECTIVES["wasserstein"], constraint=constraint, **rules
    )


def test_an_optimiser_is_slowed_down_as_the_paper_says():
    parameters = [torch.nn.Parameter(torch.zeros(1))]
    adam = torch.optim.Adam(parameters, lr=0.0025, betas=(0.0, 0.99))
    slow_down(adam, share_of(16))
    (group,) = adam.param_groups
    # What logs of StyleGAN2 have for 0.0025 and 0.99.
    assert group["lr"] == pytest.approx(0.002352941176470588, rel=1e-12)
    assert group["betas"] == pytest.approx((0.0, 0.9905854573074332), rel=1e-12)
    rmsprop = torch.optim.RMSprop(parameters, lr=0.1, alpha=0.99, momentum=0.5)
    slow_down(rmsprop, share_of(4))
    (group,) = rmsprop.param_groups
    expected = (0.08, 0.99**0.8, 0.5**0.8)
    assert (group["lr"], group["alpha"], group["momentum"]) == pytest.approx(expected)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_lazy_penalty_has_steps_of_its_own_between_those_of_the_loss(name):
    """By hand: a step of the loss, and after every third one of thrice the penalty."""
    critic, plain = make_critic(), make_critic()
    learner = learner_of(
        critic, CONSTRAINTS[name](interval=3), torch.optim.Adam(critic.parameters(), **ADAM)
    )
    slower = torch.optim.Adam(plain.parameters(), lr=0.75e-2, betas=(0.5**0.75, 0.9**0.75))

    def step(loss):
        slower.zero_grad()
        loss.backward()
        slower.step()

    for update in range(1, 8):
        real, fake = samples(update)
        terms = critic_step(
            learner, real=Batch(real), fake=fake, noise=Noise(0, update), update=update
        )
        step(plain(fake).mean() - plain(real).mean())
        assert ("penalty" in terms) == (update in (3, 6))
        if update in (3, 6):
            penalty = CONSTRAINTS[name]().penalty(
                plain, plain, real, fake, Noise(0, update).part(0)
            )
            torch.testing.assert_close(terms["penalty"], penalty.detach(), rtol=1e-10, atol=0)
            step(3 * penalty)
        torch.testing.assert_close(
            list(critic.parameters()), list(plain.parameters()), rtol=1e-9, atol=1e-12
        )


def test_an_interval_of_one_is_part_of_every_loss_and_slows_nothing_down():
    critic = make_critic()
    optimizer = torch.optim.Adam(critic.parameters(), **ADAM)
    learner = learner_of(critic, CONSTRAINTS["wgan_gp"](), optimizer)
    steps = []
    optimizer.register_step_pre_hook(lambda *_: steps.append(1))
    for update in (1, 2, 3):
        real, fake = samples(update)
        terms = critic_step(learner, real=Batch(real), fake=fake, noise=Noise(0), update=update)
        assert "penalty" in terms
    assert len(steps) == 3 and optimizer.param_groups[0]["lr"] == 1e-2


def test_a_constraint_that_projects_at_intervals_slows_nothing_down():
    critic = make_critic()
    optimizer = torch.optim.Adam(critic.parameters(), **ADAM)
    learner_of(critic, CONSTRAINTS["svc"](interval=5), optimizer)
    assert optimizer.param_groups[0]["lr"] == 1e-2


def test_a_rate_that_is_set_later_is_slowed_down_too():
    critic = make_critic()
    optimizer = torch.optim.Adam(critic.parameters(), **ADAM)
    learner_of(critic, CONSTRAINTS["r1"](interval=4), optimizer).set_rate(0.5)
    assert optimizer.param_groups[0]["lr"] == 0.4
    Learner(critic, optimizer).set_rate(0.5)
    assert optimizer.param_groups[0]["lr"] == 0.5


class Both(Constraint):
    """Penalises and projects, and notes when."""

    def __init__(self, interval):
        self.interval, self.calls = interval, []

    def penalty(self, critic, score, real, fake, noise):
        self.calls.append("penalty")
        assert not fake.requires_grad
        return score(fake).square().mean()

    def project(self, critic, updates):
        self.calls.append(updates)


@pytest.mark.parametrize(
    ("schedule", "n_critic", "calls"),
    [
        ("simultaneous", 1, [1, 2, "penalty", 3, 4, 5, "penalty", 6]),
        ("alternating", 1, [1, 2, "penalty", 3, 4, 5, "penalty", 6]),
        ("alternating", 2, [1, 2, "penalty", 3, 4, 5, "penalty", 6]),
    ],
)
def test_updates_of_the_critic_are_counted_by_every_schedule(schedule, n_critic, calls):
    """Across steps; a task that goes on from a step counts as one that came there."""
    reals = (Batch(samples(number)[0]) for number in range(20))
    constraint = Both(3)
    for first, last in ((0, 4 // n_critic), (4 // n_critic, 6 // n_critic)):
        task = _task(constraint, schedule, n_critic)
        for step in range(first, last):
            task.step(step, reals, repeat(torch.ones(4, 2, dtype=torch.float64)))
    assert constraint.calls == calls


def _task(constraint, schedule, n_critic):
    critic, generator = make_critic(), torch.nn.Linear(2, 3).double()
    return GANTask(
        Learner(generator, torch.optim.Adam(generator.parameters())),
        learner_of(critic, constraint, torch.optim.Adam(critic.parameters())),
        schedule=schedule,
        n_critic=n_critic,
    )


def test_loss_scales_cancel_out():
    weights = []
    for scale in (1.0, 1024.0):
        critic = make_critic()
        learner = learner_of(
            critic,
            CONSTRAINTS["orthonormal"](interval=2),
            torch.optim.RMSprop(critic.parameters()),
            scaler=torch.amp.GradScaler("cpu", init_scale=scale),
        )
        for update in (1, 2):
            real, fake = samples(update)
            critic_step(learner, real=Batch(real), fake=fake, noise=Noise(0), update=update)
        weights.append([p.detach() for p in critic.parameters()])
    torch.testing.assert_close(*weights, rtol=1e-9, atol=1e-12)
