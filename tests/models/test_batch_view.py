"""What critics see of their batch, against loops over its pairs in NumPy."""

import math

import numpy as np
import pytest
import torch

from tgan.constraints import CONSTRAINTS
from tgan.models import VideoCritic
from tgan.models.batch_view import (
    BATCH_VIEWS,
    BatchDeviation,
    BatchDiscrimination,
    BatchView,
    make_batch_view,
)
from tgan.models.mlp import MLPCritic

VIEWS = [name for name, view in BATCH_VIEWS.items() if issubclass(view, BatchView)]


def drawn(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def discriminated(matrix, features, projections):
    """Statistic b of sample i by the formula of the paper, one pair after the other."""
    projected = (features @ matrix.T).reshape(len(features), -1, projections)
    found = np.zeros(projected.shape[:2])
    for i, one in enumerate(projected):
        for j, other in enumerate(projected):
            for b in range(len(one)):
                if i != j:
                    found[i, b] += math.exp(-np.abs(one[b] - other[b]).sum())
    return found


def test_discrimination_is_the_sum_over_pairs_of_samples():
    torch.manual_seed(0)
    view = BatchDiscrimination(6, kernels=4, projections=3).double()
    features = drawn(5, 6)
    matrix = view.projection.weight.detach().numpy()
    expected = discriminated(matrix, features.numpy(), 3)
    found = view(features)
    assert found.shape == (5, 10) and torch.equal(found[:, :6], features)
    np.testing.assert_allclose(found[:, 6:].detach().numpy(), expected, atol=1e-12)
    assert (expected > 0.01).any(axis=0).all()


def test_discrimination_counts_the_others_where_all_are_equal_and_none_where_all_are_far():
    torch.manual_seed(0)
    view = BatchDiscrimination(6).double()
    equal, far = drawn(1, 6).expand(5, -1), 1e4 * drawn(5, 6)
    np.testing.assert_allclose(view.statistics(equal).detach(), np.full((5, 100), 4.0))
    np.testing.assert_allclose(view.statistics(far).detach(), np.zeros((5, 100)), atol=1e-12)
    assert view.statistics(equal[:1]).eq(0).all()


def test_the_gradients_of_discrimination_are_those_of_finite_differences():
    torch.manual_seed(0)
    view = BatchDiscrimination(3, kernels=2, projections=2).double()
    features = drawn(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, _: view(x), (features, view.projection.weight))


def test_deviation_is_the_mean_of_the_deviations_of_all_features():
    maps = drawn(5, 3, 2, 4, 4)
    found = BatchDeviation(96)(maps)
    assert found.shape == (5, 4, 2, 4, 4) and torch.equal(found[:, :3], maps)
    expected = maps.numpy().std(axis=0).mean()
    np.testing.assert_allclose(found[:, 3].numpy(), np.full((5, 2, 4, 4), expected), rtol=1e-7)


def test_deviation_has_a_gradient_where_all_samples_are_equal():
    features = drawn(1, 6).repeat(4, 1).requires_grad_()
    view = BatchDeviation(6)
    assert view.statistics(features).max().item() == pytest.approx(1e-4)
    (gradient,) = torch.autograd.grad(view(features).sum(), features)
    assert torch.isfinite(gradient).all()
    features = drawn(4, 6).requires_grad_()
    assert torch.autograd.gradcheck(view, (features,))


def make_critics(view, *, batch_norm=False):
    """A critic of videos and a perceptron, in float64, and samples of each."""
    torch.manual_seed(0)
    sizes = {"channels": 1, "num_frames": 16, "resolution": 16, "width": 4}
    video = VideoCritic(**sizes, batch_norm=batch_norm, sees_batch=view)
    perceptron = MLPCritic(3, width=8, depth=2, batch_norm=batch_norm, sees_batch=view)
    return [(video.double(), drawn(4, 1, 16, 16, 16)), (perceptron.double(), drawn(4, 3))]


@pytest.mark.parametrize("view", VIEWS)
def test_critics_score_samples_beside_the_others_of_their_batch(view):
    for critic, samples in make_critics(view):
        scores = critic(samples)
        others = torch.cat([samples[:1], 3 * samples[1:]])
        assert scores.shape == (4,) and (critic(others)[0] - scores[0]).abs() > 1e-6
        # Features are of each sample alone.
        torch.testing.assert_close(critic.features(others)[:1], critic.features(samples)[:1])
        assert getattr(critic, "mixes_samples", True)
        order = torch.tensor([2, 0, 3, 1])
        torch.testing.assert_close(critic(samples[order]), scores[order])


def test_the_last_layer_takes_in_features_and_statistics():
    for critic, samples in make_critics("deviation"):
        features = critic.features(samples)
        last = critic.last if isinstance(critic, VideoCritic) else critic.linears[-1]
        of_features, of_deviation = last.weight.detach()[0].split([last.weight.shape[1] - 1, 1])
        deviation = features.detach().numpy().std(axis=0).mean()
        expected = features @ of_features.flatten() + deviation * of_deviation.sum() + last.bias
        torch.testing.assert_close(critic(samples), expected, rtol=1e-6, atol=1e-6)
        assert (deviation * of_deviation.sum()).abs() > 1e-3


def test_a_critic_that_does_not_see_its_batch_is_what_it_was():
    for critic, samples in make_critics("none"):
        assert not any("batch_view" in name for name in critic.state_dict())
        torch.testing.assert_close(critic(samples)[:1], critic(samples[:1]))
    assert not VideoCritic(batch_norm=False, width=4).mixes_samples
    with pytest.raises(ValueError, match=r"unknown critic.sees_batch 'x'; choose from deviation, "):
        make_batch_view("x", 3)


@pytest.mark.parametrize("view", VIEWS)
def test_statistics_are_in_single_precision_under_autocast(view):
    torch.manual_seed(0)
    make = BATCH_VIEWS[view]
    layer, features = make(6), drawn(4, 6).float()
    expected = layer(features.bfloat16().float())
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(features.bfloat16())
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, expected.bfloat16())


REFUSED = ["wgan_gp", "wgan_lp", "dragan", "r1", "r1_r2", "svc_certified", "aol"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints_that_need_independent_scores_refuse_a_critic_that_sees_its_batch(name, view):
    for critic, samples in make_critics(view):
        constraint = CONSTRAINTS[name]()
        if name in REFUSED:
            with pytest.raises(
                ValueError, match="'batch_view' is a view of its batch, .*; set cri"
            ):
                constraint.attach(critic, (samples[:1],))
        else:
            constraint.attach(critic, (samples[:1],))
            constraint.project(critic, 5)
            assert torch.isfinite(critic(samples)).all()


@pytest.mark.parametrize("name", ["svc", "spectral_norm", "spectral_norm_conv", "parseval"])
def test_constraints_on_layers_bound_the_projection_as_any_other(name):
    for critic, samples in make_critics("discrimination"):
        with torch.no_grad():
            critic.batch_view.projection.weight.mul_(20)
        constraint = CONSTRAINTS[name]()
        constraint.attach(critic, (samples[:1],))
        constraint.project(critic, 5)
        norm = torch.linalg.matrix_norm(critic.batch_view.projection.weight, 2)
        assert norm.item() == pytest.approx(1, abs=0.02)


def test_discrimination_of_a_perceptron_has_as_many_statistics_as_it_is_asked_for():
    few = MLPCritic(3, width=8, depth=2, sees_batch="discrimination", kernels=4)
    assert few.batch_view.added == 4 and few.linears[-1].weight.shape == (1, 12)
    assert few.batch_view.projection.weight.shape == (20, 8)
    assert few(torch.randn(5, 3)).shape == (5,)
