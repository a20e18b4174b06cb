import numpy as np
import pytest
import torch

from tgan.models import VideoCritic
from tgan.models.activations import ACTIVATIONS, leaky, maxmin
from tgan.models.mlp import MLPCritic


def test_maxmin_sorts_pairs_of_channels():
    x = torch.randn(3, 6, 2, 5, 4)
    pairs = np.sort(np.stack([x[:, :3], x[:, 3:]]), 0)
    np.testing.assert_array_equal(maxmin(x), np.concatenate([pairs[1], pairs[0]], 1))


def test_maxmin_keeps_norms_of_values_and_of_gradients():
    x = torch.randn(4, 8, 7, dtype=torch.float64, requires_grad=True)
    y, back = maxmin(x), torch.randn(4, 8, 7, dtype=torch.float64)
    [gradient] = torch.autograd.grad(y, x, back)
    for given, found in ((x, y), (back, gradient)):
        torch.testing.assert_close(given.norm(dim=(1, 2)), found.norm(dim=(1, 2)))
    rectified = leaky(x.clone())
    assert (rectified.norm(dim=(1, 2)) < 0.9 * x.norm(dim=(1, 2))).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_activation_is_steeper_than_1(name):
    torch.manual_seed(0)
    x = torch.randn(200, 6, dtype=torch.float64)
    near = x + 0.3 * torch.randn_like(x)
    before = (x - near).norm(dim=1)
    after = (ACTIVATIONS[name](x.clone()) - ACTIVATIONS[name](near.clone())).norm(dim=1)
    assert (after <= before + 1e-12).all()


def test_an_odd_number_of_channels_is_refused():
    with pytest.raises(ValueError, match="3 channels are odd"):
        maxmin(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="critic of width 7: maxmin sorts pairs"):
        VideoCritic(width=7, activation="maxmin")


@pytest.mark.parametrize("make", [VideoCritic, lambda **a: MLPCritic(2, width=8, depth=1, **a)])
def test_an_unknown_activation_is_named(make):
    with pytest.raises(ValueError, match=r"unknown activation 'relu'.*leaky_relu, maxmin"):
        make(activation="relu")


def test_orthogonal_layers_and_maxmin_can_be_as_steep_as_1_where_rectifiers_are_not():
    torch.manual_seed(0)
    x = torch.randn(500, 16)
    steepest = {}
    for activation in ACTIVATIONS:
        critic = MLPCritic(16, width=16, depth=3, activation=activation, init="orthogonal")
        points = x.clone().requires_grad_()
        [slopes] = torch.autograd.grad(critic(points).sum(), points)
        steepest[activation] = slopes.norm(dim=1)
    torch.testing.assert_close(steepest["maxmin"], torch.ones(500))
    assert steepest["leaky_relu"].max() < 0.8


def test_a_critic_of_video_sorts_channels_too():
    torch.manual_seed(0)
    settings = {"width": 4, "resolution": 32, "channels": 1, "batch_norm": False}
    sorting = VideoCritic(activation="maxmin", **settings)
    rectifying = VideoCritic(**settings)
    rectifying.load_state_dict(sorting.state_dict())
    clip = torch.rand(2, 1, 16, 32, 32)
    h = clip
    for conv in sorting.convs:
        h = conv(h)
        first, second = h.chunk(2, 1)
        h = torch.cat([first.max(second), first.min(second)], 1)
    torch.testing.assert_close(sorting(clip), sorting.last(h).flatten())
    assert not torch.allclose(sorting(clip), rectifying(clip), rtol=1e-2)
