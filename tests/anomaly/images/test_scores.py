"""Scores against closed forms: linear networks, whose best latents are known."""

import numpy as np
import pytest
import torch
from einops import rearrange
from scipy.optimize import linprog
from torch import nn

from tgan.anomaly.images.scores import (
    encoder_loss,
    score_by_critic,
    score_by_encoder,
    score_by_search,
    search_loss,
    search_reports,
)
from tgan.models import ImageDeconvGenerator, VideoCritic

SIDE, SIZE, FEATURES = 3, 2, 4


class LinearGenerator(nn.Module):
    def __init__(self, matrix):
        super().__init__()
        self.matrix = nn.Parameter(matrix)

    def forward(self, z):
        return rearrange(z @ self.matrix.T, "n (h w) -> n 1 1 h w", h=SIDE)


class LinearCritic(nn.Module):
    def __init__(self, matrix):
        super().__init__()
        self.matrix = nn.Parameter(matrix)

    def features(self, x):
        return x.flatten(1) @ self.matrix.T

    def forward(self, x):
        return self.features(x).sum(1)


def normal(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def as_pictures(rows):
    return rearrange(rows, "n (h w) -> n 1 1 h w", h=SIDE)


@pytest.fixture
def generator():
    return LinearGenerator(normal(SIDE**2, SIZE, seed=1))


@pytest.fixture
def critic():
    return LinearCritic(normal(FEATURES, SIDE**2, seed=2))


def least_loss(matrix, features, x, weight):
    """The minimum over latents in [-1, 1] of the search's loss, by a linear program."""
    stacked = np.concatenate([(1 - weight) * matrix, weight * features @ matrix])
    target = np.concatenate([(1 - weight) * x, weight * features @ x])
    count = len(target)
    found = linprog(
        np.concatenate([np.zeros(SIZE), np.ones(count)]),
        A_ub=np.block([[stacked, -np.eye(count)], [-stacked, -np.eye(count)]]),
        b_ub=np.concatenate([target, -target]),
        bounds=[(-1, 1)] * SIZE + [(0, None)] * count,
    )
    return found.fun


@pytest.mark.parametrize("weight", [0.0, 0.1, 1.0])
def test_a_search_reaches_the_minimum_that_a_linear_program_finds(generator, critic, weight):
    pictures = as_pictures(normal(5, SIDE**2, seed=3))
    found = score_by_search(pictures, generator, critic, size=SIZE, weight=weight, restarts=2)
    arrays = [p.detach().numpy() for p in (generator.matrix, critic.matrix)]
    best = [least_loss(*arrays, x, weight) for x in pictures.flatten(1).numpy()]
    np.testing.assert_allclose(found.scores.numpy(), best, rtol=1e-2)
    assert (found.scores.numpy() >= np.array(best) - 1e-9).all()


def test_a_picture_that_the_generator_makes_has_its_least_squares_latent_found(generator, critic):
    latents = torch.tensor([[0.3, -0.8], [0.0, 0.5]], dtype=torch.float64)
    made = generator(latents).detach()
    found = score_by_search(made, generator, critic, size=SIZE)
    solution = torch.linalg.lstsq(generator.matrix, made.flatten(1).T).solution.T
    torch.testing.assert_close(generator(solution), found.reconstructions, atol=5e-3, rtol=0)
    assert found.scores.max() < 0.05 and found.residuals.max() < 5e-3


def test_latents_stay_where_training_draws_them(generator, critic):
    far = generator(torch.tensor([[4.0, 0.0]], dtype=torch.float64)).detach()
    found = score_by_search(far, generator, critic, size=SIZE)
    latents = torch.linalg.lstsq(generator.matrix, found.reconstructions.flatten(1).T).solution
    assert latents.abs().max() <= 1 + 1e-9 and found.scores > 1


def test_scores_do_not_depend_on_batches_but_on_the_seed():
    torch.manual_seed(0)
    sizes = {"resolution": 8, "channels": 1, "num_frames": 1}
    generator = ImageDeconvGenerator(z_slow=4, width=8, **sizes).double().eval()
    critic = VideoCritic(width=4, **sizes).double().eval()
    pictures = torch.rand(5, 1, 1, 8, 8).double() * 2 - 1
    options = {"size": 4, "steps": 5, "seed": 3}
    before = {name: p.clone() for name, p in generator.state_dict().items()}
    together, apart = (
        score_by_search(pictures, generator, critic, batch_size=size, **options) for size in (5, 2)
    )
    torch.testing.assert_close(together.scores, apart.scores)
    torch.testing.assert_close(together.residuals, apart.residuals)
    fewer = score_by_search(pictures[:2], generator, critic, **options)
    torch.testing.assert_close(fewer.scores, together.scores[:2])
    other = score_by_search(pictures, generator, critic, **options | {"seed": 4})
    assert (other.scores != together.scores).all()
    more = score_by_search(pictures, generator, critic, restarts=3, **options)
    assert (more.scores <= together.scores + 1e-9).all() and (more.scores < together.scores).any()
    for name, value in generator.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert all(p.grad is None for p in [*generator.parameters(), *critic.parameters()])


def test_a_search_reports_as_often_as_it_says(generator, critic):
    calls = []
    options = {"batch_size": 2, "steps": 3, "restarts": 2}
    score_by_search(
        as_pictures(normal(5, SIDE**2)),
        generator,
        critic,
        size=SIZE,
        report=lambda: calls.append(1),
        **options,
    )
    assert len(calls) == search_reports(5, **options) == 18


def test_an_encoder_that_inverts_leaves_nothing_and_one_that_does_not_leaves_its_error(
    generator, critic
):
    class Inverse(nn.Module):
        def forward(self, x):
            return x.flatten(1) @ torch.linalg.pinv(generator.matrix).T

    inside = generator(normal(3, SIZE)).detach()
    outside = as_pictures(normal(3, SIDE**2, seed=5))
    pictures = torch.cat([inside, outside])
    found = score_by_encoder(pictures, generator, critic, Inverse(), kappa=0.5, batch_size=4)
    solution = torch.linalg.lstsq(generator.matrix, pictures.flatten(1).T).solution
    rest = (pictures.flatten(1).T - generator.matrix @ solution).detach()
    expected = rest.square().mean(0) + 0.5 * (critic.matrix @ rest).square().mean(0)
    torch.testing.assert_close(found.scores, expected.detach())
    assert found.scores[:3].max() < 1e-12 < found.scores[3:].min()
    torch.testing.assert_close(found.residuals.flatten(1).T, rest.abs())


def test_losses_by_hand():
    real, made = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]])
    f_real, f_made = torch.tensor([[5.0]]), torch.tensor([[2.0]])
    anogan = search_loss(real, made, f_real, f_made, weight=0.1)
    assert anogan.item() == pytest.approx(0.9 * 3 + 0.1 * 3)
    assert encoder_loss(real, made, f_real, f_made, kappa=2).item() == pytest.approx(2.5 + 18)


def test_what_the_critic_takes_for_real_is_normal(critic):
    pictures = as_pictures(normal(5, SIDE**2))
    found = score_by_critic(pictures, critic, batch_size=2)
    torch.testing.assert_close(found.scores, -critic(pictures).detach())
    assert found.reconstructions is None and found.residuals is None


@pytest.mark.parametrize("options", [{"steps": 0}, {"restarts": 0}, {"weight": 1.1}])
def test_settings_out_of_range_are_refused(generator, critic, options):
    with pytest.raises(ValueError, match=str(*options.values())):
        score_by_search(as_pictures(normal(1, SIDE**2)), generator, critic, size=SIZE, **options)
