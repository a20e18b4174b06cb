import copy
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from tests.made.reads import noted_reads
from tests.truths.operators import explicit_norm
from tgan.constraints import orthogonal
from tgan.constraints.orthogonal import AlmostOrthogonal, Parseval, orthogonalise
from tgan.models import VideoCritic
from tgan.models.affine import affine_layers

# Layer and the size that it slides over.
LAYERS = {
    "linear_wide": (lambda: nn.Linear(9, 4), ()),
    "linear_tall": (lambda: nn.Linear(4, 9), ()),
    "linear_to_one": (lambda: nn.Linear(9, 1), ()),
    "linear_from_one": (lambda: nn.Linear(1, 9), ()),
    "1d": (lambda: nn.Conv1d(2, 3, 3, padding=1), (9,)),
    "1d_dilated": (lambda: nn.Conv1d(2, 2, 3, padding=2, dilation=3), (13,)),
    "1d_dilation_and_stride_coprime": (lambda: nn.Conv1d(2, 4, 4, 2, 3, dilation=3), (16,)),
    "1d_dilation_and_stride_common": (lambda: nn.Conv1d(2, 3, 4, 4, 3, dilation=6), (29,)),
    "1d_tall_of_two_outputs": (lambda: nn.Conv1d(1, 6, 4), (5,)),
    "2d_groups": (lambda: nn.Conv2d(4, 6, 3, 2, 1, groups=2), (7, 6)),
    "2d_depthwise": (lambda: nn.Conv2d(2, 8, 3, padding=1, groups=2), (5, 6)),
    "3d_tgan": (lambda: nn.Conv3d(2, 4, 4, 2, 1), (4, 8, 8)),
    "3d_first_of_tgan": (lambda: nn.Conv3d(1, 16, 4, 2, 1), (4, 6, 6)),
    "3d_two_frames": (lambda: nn.Conv3d(2, 4, 4, 2, 1), (2, 6, 6)),
    "3d_mixed": (lambda: nn.Conv3d(2, 3, (1, 4, 2), (1, 2, 3), (0, 1, 2), (1, 3, 2)), (2, 9, 5)),
    "whole_input": (lambda: nn.Conv2d(3, 1, 4), (4, 4)),
}


def make_layer(name):
    """A layer in a network, in float64, and an example of its input."""
    torch.manual_seed(0)
    make, size = LAYERS[name]
    layer = make().double()
    channels = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
    return nn.Sequential(layer), (torch.zeros(1, channels, *size, dtype=torch.float64),)


def norm_of(layer, size) -> float:
    """The operator norm of a layer with the weight that it uses."""
    weight = layer.weight.detach()
    if isinstance(layer, nn.Linear):
        return np.linalg.norm(weight.numpy(), 2)
    names = ("stride", "padding", "dilation", "groups")
    return explicit_norm(weight, size, **{n: getattr(layer, n) for n in names})


def random_layer(rng):
    """A convolution of any geometry, and a size that it fits."""
    axes = int(rng.integers(1, 4))
    draw = lambda low, high: [int(n) for n in rng.integers(low, high, axes)]  # noqa: E731
    taps, stride, padding, dilation = draw(1, 5), draw(1, 4), draw(0, 4), draw(1, 4)
    groups = int(rng.integers(1, 3))
    channels = (groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 5)))
    make = [nn.Conv1d, nn.Conv2d, nn.Conv3d][axes - 1]
    layer = make(*channels, taps, stride, padding, dilation, groups).double()
    least = [d * (k - 1) + 1 - 2 * p for k, p, d in zip(taps, padding, dilation, strict=True)]
    return layer, [max(n, m) for n, m in zip(draw(1, [12, 8, 5][axes - 1]), least, strict=True)]


def polar(matrix):
    u, _, vh = np.linalg.svd(matrix, full_matrices=False)
    return u @ vh


@pytest.mark.parametrize("kind", ["random", "positive", "constant"])
@pytest.mark.parametrize("name", LAYERS)
def test_norm_is_at_most_one_and_not_far_below(name, kind):
    network, example = make_layer(name)
    weight = network[0].weight
    with torch.no_grad():
        if kind == "random":
            weight.normal_()
        elif kind == "positive":
            weight.uniform_(0.5, 1)
        else:
            weight.fill_(3.0)
    AlmostOrthogonal().attach(network, example)
    norm = norm_of(network[0], example[0].shape[2:])
    # A constant kernel is the worst case that the sums expect, but for the padding.
    assert {"random": 0.4, "positive": 0.6, "constant": 0.6}[kind] < norm <= 1 + 1e-9


def test_norm_is_at_most_one_for_any_geometry():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    for _ in range(60):
        layer, size = random_layer(rng)
        network = nn.Sequential(layer)
        example = torch.zeros(1, layer.in_channels, *size, dtype=torch.float64)
        if rng.random() < 0.3:
            nn.init.constant_(layer.weight, 1.0)
        AlmostOrthogonal().attach(network, (example,))
        assert norm_of(network[0], size) <= 1 + 1e-9, (layer, size)


def test_a_smaller_input_keeps_the_bound():
    network, example = make_layer("3d_tgan")
    nn.init.ones_(network[0].weight)
    AlmostOrthogonal().attach(network, example)
    for size in product([1, 2, 3, 4], [2, 5, 8], [3, 8]):
        if all(n + 2 >= 4 for n in size):
            assert norm_of(network[0], size) <= 1 + 1e-9


def literal_scale(weight, stride):
    """One t per output channel of a convolution over one axis, by its definition."""
    c_out, c_in, taps = weight.shape
    scale = np.zeros(c_out)
    for i in range(c_out):
        total = 0.0
        for j in range(c_out):
            for lag in range(-taps * stride, taps * stride + 1, stride):
                product_ = sum(
                    weight[i, c, k + lag] * weight[j, c, k]
                    for c in range(c_in)
                    for k in range(taps)
                    if 0 <= k + lag < taps
                )
                total += abs(product_)
        scale[i] = total**-0.5
    return scale


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_rows_are_scaled_by_the_sums_over_the_output_grid(stride):
    torch.manual_seed(0)
    layer = nn.Conv1d(3, 2, 4, stride, 1).double()
    before = layer.weight.detach().clone()
    network = nn.Sequential(layer)
    AlmostOrthogonal().attach(network, (torch.zeros(1, 3, 20, dtype=torch.float64),))
    expected = before * torch.from_numpy(literal_scale(before.numpy(), stride))[:, None, None]
    torch.testing.assert_close(network[0].weight, expected)


@pytest.mark.parametrize("size", [9, 2])
def test_columns_are_scaled_at_stride_one_as_published(size):
    """Channel c by (sum_{c', lag} |sum_{o, k} K[o, c, k + lag] K[o, c', k]|)^(-1/2)."""
    torch.manual_seed(0)
    layer = nn.Conv1d(2, 5, 3, padding=1).double()
    before = layer.weight.detach().clone()
    network = nn.Sequential(layer)
    AlmostOrthogonal().attach(network, (torch.zeros(1, 2, size, dtype=torch.float64),))
    scale = torch.from_numpy(literal_scale(before.transpose(0, 1).numpy(), 1))
    torch.testing.assert_close(network[0].weight, before * scale[None, :, None])


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5), (1, 6), (6, 1)])
def test_orthogonal_matrices_stay_as_they_are(shape):
    layer = nn.Linear(shape[1], shape[0]).double()
    nn.init.orthogonal_(layer.weight)
    before = layer.weight.detach().clone()
    network = nn.Sequential(layer)
    AlmostOrthogonal().attach(network, (torch.zeros(1, shape[1], dtype=torch.float64),))
    torch.testing.assert_close(network[0].weight, before, atol=1e-12, rtol=0)


@pytest.mark.parametrize("channels", [(2, 5), (1, 8), (1, 12)])
def test_orthogonal_convolutions_stay_as_they_are(channels):
    """A strided convolution that maps each block of the input by an orthogonal matrix."""
    before, after = channels
    layer = nn.Conv3d(before, after, 4, 2, 1).double()
    with torch.no_grad():
        layer.weight.zero_()
        block = torch.empty(after, before * 8, dtype=torch.float64)
        nn.init.orthogonal_(block)
        layer.weight[:, :, 1:3, 1:3, 1:3] = block.reshape(after, before, 2, 2, 2)
    kept = layer.weight.detach().clone()
    network = nn.Sequential(layer)
    AlmostOrthogonal().attach(network, (torch.zeros(1, before, 4, 8, 8, dtype=torch.float64),))
    torch.testing.assert_close(network[0].weight, kept, atol=1e-12, rtol=0)


@pytest.mark.parametrize("channels", [(1, 9), (2, 40)])
def test_orthogonal_convolutions_of_the_whole_input_stay_as_they_are(channels):
    layer = nn.Conv2d(*channels, 4).double()
    nn.init.orthogonal_(layer.weight)
    kept = layer.weight.detach().clone()
    network = nn.Sequential(layer)
    AlmostOrthogonal().attach(network, (torch.zeros(1, channels[0], 4, 4, dtype=torch.float64),))
    torch.testing.assert_close(network[0].weight, kept, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["linear_tall", "1d_dilated", "2d_groups", "3d_mixed"])
def test_gradient_agrees_with_finite_differences(name):
    network, example = make_layer(name)
    AlmostOrthogonal().attach(network, example)
    bounded = network[0].parametrizations.weight[0]
    original = network[0].parametrizations.weight.original.detach().clone().requires_grad_()
    along = torch.randn_like(original)
    assert torch.autograd.gradcheck(lambda w: (bounded(w) * along).sum(), original)


@pytest.mark.parametrize("name", LAYERS)
def test_a_zero_kernel_stays_zero_with_a_finite_gradient(name):
    network, example = make_layer(name)
    nn.init.zeros_(network[0].weight)
    AlmostOrthogonal().attach(network, example)
    weight = network[0].weight
    weight.sum().backward()
    assert weight.abs().max() == 0
    assert torch.isfinite(network[0].parametrizations.weight.original.grad).all()


def make_critic(**settings):
    torch.manual_seed(0)
    return VideoCritic(channels=1, resolution=32, width=4, **settings)


def test_almost_orthogonal_refuses_batch_norm():
    with pytest.raises(ValueError, match="batch_norm"):
        AlmostOrthogonal().attach(make_critic(), (torch.zeros(1, 1, 16, 32, 32),))


def test_almost_orthogonal_refuses_kernels_elsewhere():
    critic = nn.Sequential(nn.Conv1d(1, 2, 3), nn.ConvTranspose1d(2, 1, 3))
    with pytest.raises(ValueError, match=r"'1\.weight'"):
        AlmostOrthogonal().attach(critic, (torch.zeros(1, 1, 5),))


def test_almost_orthogonal_critic_in_any_layout_copy_and_precision():
    clips = torch.rand(2, 1, 16, 32, 32)
    critic = make_critic(batch_norm=False)
    AlmostOrthogonal().attach(critic, (clips[:1],))
    expected = critic(clips)
    twin = copy.deepcopy(critic)
    assert torch.equal(twin(clips), expected)
    twin.load_state_dict(critic.state_dict())
    for parameter in twin.parameters():
        if parameter.ndim == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)
    torch.testing.assert_close(twin(clips), expected, atol=1e-5, rtol=1e-4)
    plain = critic.convs[1].weight
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(critic.convs[1].weight, plain)


def test_a_trained_critic_is_lipschitz_and_uses_it():
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.Conv3d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv3d(8, 1, (2, 4, 4)), nn.Flatten()
    )
    clips = torch.rand(4, 1, 4, 8, 8)
    AlmostOrthogonal().attach(critic, (clips[:1],))
    optimizer = torch.optim.RMSprop(critic.parameters(), lr=1e-3)
    for _ in range(100):
        gap = critic(clips).mean() - critic(clips * 0.5).mean()
        optimizer.zero_grad()
        (-gap).backward()
        optimizer.step()
    length = (0.5 * clips).flatten(1).norm(dim=1).mean()
    assert 0.3 * length < gap < length
    for layer in affine_layers(critic, (clips[:1],)):
        assert 0.7 < layer.norm() < 1 + 1e-5


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 6), (1, 7), (7, 1)])
@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_bjorck_converges_to_the_polar_factor(shape, scale):
    matrix = scale * torch.randn(shape, generator=torch.Generator().manual_seed(0)).double()
    moved = orthogonalise(matrix, iterations=40)
    np.testing.assert_allclose(moved, polar(matrix.numpy()), atol=1e-10)


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_bjorck_takes_the_steps_of_its_definition(iterations):
    expected = np.random.default_rng(0).normal(size=(3, 5)) / 4
    moved = orthogonalise(torch.from_numpy(expected), iterations=iterations)
    for _ in range(iterations):
        expected = 1.5 * expected - 0.5 * expected @ expected.T @ expected
    np.testing.assert_allclose(moved, expected, atol=1e-12)


@pytest.mark.parametrize("largest", [1.39, 1.41, 1.74, 3.0])
def test_bjorck_keeps_signs_and_order_around_its_radius_of_convergence(largest):
    """Unscaled, a singular value of 1.74 would turn negative."""
    singular = np.array([largest, 1.0, 0.5])
    u, _, vh = np.linalg.svd(np.random.default_rng(0).normal(size=(3, 5)), full_matrices=False)
    moved = orthogonalise(torch.from_numpy((u * singular) @ vh), iterations=20)
    np.testing.assert_allclose(moved, u @ vh, atol=1e-9)


def test_bjorck_reaches_a_hundredth_in_fifteen_iterations():
    u, _, vh = np.linalg.svd(np.random.default_rng(0).normal(size=(3, 5)), full_matrices=False)
    matrix = torch.from_numpy((u * [1.0, 0.3, 0.01]) @ vh)
    singular = np.linalg.svd(orthogonalise(matrix, iterations=15).numpy(), compute_uv=False)
    np.testing.assert_allclose(singular, 1, atol=1e-3)


def test_bjorck_in_float32_and_without_full_rank():
    matrix = torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    matrix = matrix @ torch.diag(torch.tensor([0.0] * 5 + [1.0] * 25))
    singular = np.linalg.svd(orthogonalise(matrix, iterations=15).numpy(), compute_uv=False)
    np.testing.assert_allclose(singular[:25], 1, atol=1e-5)
    np.testing.assert_allclose(singular[25:], 0, atol=1e-4)


def test_parseval_orthogonalises_every_kernel_in_any_layout():
    critic = make_critic()
    last = copy.deepcopy(critic).to(memory_format=torch.channels_last_3d)
    kernels = [p.detach().flatten(1).double().numpy() for p in critic.parameters() if p.ndim > 1]
    gains = [norm.weight.detach().clone() for norm in critic.norms[1:]]
    for network in (critic, last):
        Parseval(iterations=30).project(network, 1)
        moved = [p.detach().flatten(1).numpy() for p in network.parameters() if p.ndim > 1]
        for before, after in zip(kernels, moved, strict=True):
            np.testing.assert_allclose(after, polar(before), atol=1e-5)
        for gain, norm in zip(gains, network.norms[1:], strict=True):
            assert torch.equal(gain, norm.weight)


def test_parseval_scales_to_its_maximum_and_keeps_what_is_orthogonal():
    critic = make_critic()
    constraint = Parseval(maximum=0.5)
    constraint.project(critic, 1)
    constraint.project(critic, 2)
    before = [p.detach().clone() for p in critic.parameters()]
    constraint.project(critic, 3)
    for old, new in zip(before, critic.parameters(), strict=True):
        torch.testing.assert_close(new.detach(), old, atol=1e-6, rtol=0)
        if new.ndim > 1:
            singular = torch.linalg.svdvals(new.detach().flatten(1))
            torch.testing.assert_close(singular, torch.full_like(singular, 0.5))


def test_parseval_counts_critic_updates():
    changed = []
    for update in range(1, 7):
        critic = make_critic()
        before = critic.last.weight.detach().clone()
        Parseval(interval=3).project(critic, update)
        changed.append(not torch.equal(before, critic.last.weight))
    assert changed == [False, False, True, False, False, True]


def test_parseval_names_a_kernel_that_is_not_finite():
    critic = make_critic()
    with torch.no_grad():
        critic.convs[1].weight[0, 0, 0, 0, 0] = float("nan")
    with pytest.raises(ArithmeticError, match="convs.1.weight"):
        Parseval().project(critic, 1)


@pytest.mark.parametrize("scale, iterations", [(0.05, 15), (1.0, 15), (1.0, 1), (30.0, 15)])
def test_parseval_reads_an_accelerator_once_and_moves_kernels_alike(monkeypatch, scale, iterations):
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Conv2d(2, 30, 3), nn.Conv2d(30, 5, 2), nn.Linear(5, 1))
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(scale * 5)
    twin, constraint = copy.deepcopy(critic), Parseval(iterations=iterations)
    constraint.project(twin, 1)
    monkeypatch.setattr(orthogonal, "waits_for_reads", lambda weight: True)
    with noted_reads(monkeypatch) as reads:
        constraint.project(critic, 1)
    assert reads == ["tolist"]
    for one, other in zip(critic.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
