"""Auxiliary losses: which are paid, and feature matching against its closed form."""

from dataclasses import replace
from itertools import repeat

import numpy as np
import pytest
import torch
from torch import nn

from tgan.config import TrainConfig
from tgan.constraints import Constraint
from tgan.losses import OBJECTIVES
from tgan.models.mlp import MLPCritic
from tgan.rng.noise import Noise
from tgan.training.auxiliary import AUXILIARY_LOSSES, FeatureMatching, auxiliary_losses
from tgan.training.gan import GANTask
from tgan.training.steps import Batch, Critic, Learner


class LinearFeatures(nn.Module):
    """A critic whose features are a matrix times its input."""

    def __init__(self, matrix) -> None:
        super().__init__()
        self.matrix = nn.Parameter(matrix.clone())

    def features(self, x):
        return x @ self.matrix.T

    def forward(self, x):
        return self.features(x).sum(1)


def critic_of(module, objective="non_saturating") -> Critic:
    rules = {"objective": OBJECTIVES[objective], "constraint": Constraint()}
    return Critic(module, torch.optim.SGD(module.parameters(), 0.1), **rules)


def generator_of(module) -> Learner:
    return Learner(module, torch.optim.SGD(module.parameters(), 0.1))


def drawn(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def test_feature_matching_and_its_gradient_are_those_of_a_closed_form():
    """w |M (mean fake - mean real)|^2 / K, and 2 w M^T M (the difference) / (K N) at each fake."""
    matrix, real, fake = drawn(5, 3), drawn(7, 3, seed=1), drawn(4, 3, seed=2).requires_grad_()
    critic = critic_of(LinearFeatures(matrix))
    paid = {"fake": fake, "real": Batch(real), "noise": Noise(0)}
    loss = FeatureMatching(3.0)(None, critic, **paid)
    apart = (fake.mean(0) - real.mean(0)).detach().numpy()
    gram = matrix.numpy().T @ matrix.numpy()
    assert loss.item() == pytest.approx(3 * apart @ gram @ apart / 5, rel=1e-12)
    (found,) = torch.autograd.grad(loss, fake)
    expected = np.tile(3 * 2 * gram @ apart / (5 * 4), (4, 1))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
    assert FeatureMatching(3.0)(None, critic, **paid | {"fake": real}).item() == 0


def test_features_are_of_what_the_critic_sees_under_its_condition():
    class OfClasses(LinearFeatures):
        def features(self, x, labels):
            return x @ self.matrix.T + labels[:, None]

    matrix, real, fake = drawn(5, 3), drawn(4, 3, seed=1), drawn(4, 3, seed=2)
    labels, noise = torch.tensor([2, 0, 1, 1]), Noise(5)
    critic = critic_of(OfClasses(matrix))
    critic.augment = lambda samples, noise: samples * noise.uniform((4, 1), samples)
    loss = FeatureMatching(1.0)(None, critic, fake=fake, real=Batch(real, (labels,)), noise=noise)
    drawing = Noise(5)
    factors = [drawing.uniform((4, 1), real) for _ in range(2)]
    means = [
        (factor * samples @ matrix.T + labels[:, None]).mean(0)
        for factor, samples in zip(factors, (real, fake), strict=True)
    ]
    torch.testing.assert_close(loss, (means[0] - means[1]).square().mean())
    assert not torch.equal(*factors)


@pytest.mark.parametrize("schedule", ["simultaneous", "alternating"])
def test_a_generator_of_feature_matching_alone_moves_by_its_gradient(schedule):
    """One parameter, b, is added to latents; the critic is as it was after its own update."""
    matrix, real, z = drawn(5, 3), drawn(6, 3, seed=1), drawn(6, 3, seed=2)

    class Shift(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.by = nn.Parameter(torch.zeros(3, dtype=torch.float64))

        def forward(self, z):
            return z + self.by

    generator, critic = Shift(), LinearFeatures(matrix)
    objective = OBJECTIVES["feature_matching"]
    task = GANTask(
        generator_of(generator),
        critic_of(critic, "feature_matching"),
        schedule=schedule,
        auxiliary=auxiliary_losses(TrainConfig(), objective),
    )
    terms = task.step(0, repeat(Batch(real)), repeat(z))
    assert terms.keys() == {"critic_loss", "critic_gap", "feature_matching"}
    seen = (matrix if schedule == "simultaneous" else critic.matrix.detach()).numpy()
    apart = (z.mean(0) - real.mean(0)).numpy()
    expected = -0.1 * 2 * seen.T @ seen @ apart / 5
    np.testing.assert_allclose(generator.by.detach().numpy(), expected, rtol=1e-12)
    assert not torch.equal(critic.matrix, matrix)


def test_weights_are_those_of_the_settings_or_of_the_objective():
    def found(objective, **weights):
        return auxiliary_losses(TrainConfig(**weights), OBJECTIVES[objective])

    assert found("hinge") == {}
    assert found("feature_matching") == {"feature_matching": FeatureMatching(1.0)}
    assert found("hinge", feature_matching_weight=2.0) == {"feature_matching": FeatureMatching(2.0)}
    both = found("feature_matching", feature_matching_weight=0.5, l1_weight=3.0)
    assert {name: loss.weight for name, loss in both.items()} == {
        "l1": 3.0,
        "feature_matching": 0.5,
    }
    named = {name for objective in OBJECTIVES.values() for name in objective.auxiliary}
    assert named <= {*AUXILIARY_LOSSES}


def test_a_critic_without_features_and_a_generator_without_a_loss_are_refused():
    generator = generator_of(nn.Linear(2, 3))
    plain = critic_of(nn.Linear(3, 1))
    matching = {"feature_matching": FeatureMatching(1.0)}
    with pytest.raises(ValueError, match="needs a critic with a method `features`, and Linear has"):
        GANTask(generator, plain, auxiliary=matching)
    GANTask(generator, plain)
    perceptron = critic_of(MLPCritic(3, width=4, depth=2), "feature_matching")
    GANTask(generator, perceptron, auxiliary=matching)
    with pytest.raises(ValueError, match="the generator has nothing to minimise"):
        GANTask(generator, perceptron)
    own = replace(OBJECTIVES["hinge"], generator=None)
    with pytest.raises(ValueError, match="the generator has nothing to minimise"):
        GANTask(generator, replace(plain, objective=own))
