import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from tests.truths.operators import explicit_matrix, explicit_norm
from tgan.constraints.spectral import ConvSpectralNorm, SpectralNorm, convolution_operator
from tgan.models import VideoCritic
from tgan.models.affine import affine_layers
from tgan.models.modes import frozen

BOTH = [SpectralNorm(), ConvSpectralNorm()]

# Layer and the size that it slides over.
LAYERS = {
    "linear": (lambda: nn.Linear(7, 5), ()),
    "1d": (lambda: nn.Conv1d(2, 3, 3, padding=1), (9,)),
    "1d_dilated": (lambda: nn.Conv1d(2, 4, 3, stride=2, padding=2, dilation=3), (13,)),
    "2d_groups": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (7, 6)),
    "3d_tgan": (lambda: nn.Conv3d(2, 4, 4, stride=2, padding=1), (4, 8, 8)),
    "3d_unread": (lambda: nn.Conv3d(1, 3, (2, 3, 2), stride=(2, 3, 2)), (5, 4, 3)),
    "whole_input": (lambda: nn.Conv2d(3, 1, 4), (4, 4)),
}


def make_layer(name):
    """A layer in a network, in float64, and an example of its input."""
    torch.manual_seed(0)
    make, size = LAYERS[name]
    layer = make().double()
    channels = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
    with torch.no_grad():
        layer.weight.mul_(5)
    return nn.Sequential(layer), (torch.zeros(1, channels, *size, dtype=torch.float64),)


def true_norm(layer, example):
    """The operator norm of a layer with the weight that it uses, from the explicit matrix."""
    if isinstance(layer, nn.Linear):
        return np.linalg.norm(layer.weight.detach().numpy(), 2)
    return explicit_norm(layer.weight.detach(), example.shape[2:], **geometry_of(layer))


def geometry_of(layer):
    return {n: getattr(layer, n) for n in ("stride", "padding", "dilation", "groups")}


def make_critic(**settings):
    torch.manual_seed(0)
    critic = VideoCritic(channels=1, resolution=32, width=4, **settings)
    return critic, torch.rand(3, 1, 16, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1


def vectors(network):
    return {name: b.clone() for name, b in network.named_buffers() if name[-2:] in (".u", ".v")}


def attached(constraint, **settings):
    critic, clips = make_critic(**settings)
    constraint.attach(critic, (clips[:1],))
    return critic, clips


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_gets_the_norm_of_its_convolution(name):
    network, example = make_layer(name)
    assert true_norm(network[0], *example) > 1.2
    ConvSpectralNorm().attach(network, example)
    assert true_norm(network.eval()[0], *example) == pytest.approx(1, abs=1e-2)
    network.train()
    for _ in range(200):
        network(*example)
    assert true_norm(network.eval()[0], *example) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_a_kernel_gets_the_norm_of_its_matrix(name):
    network, example = make_layer(name)
    SpectralNorm().attach(network, example)
    norm = np.linalg.norm(network.eval()[0].weight.detach().flatten(1).numpy(), 2)
    assert norm == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_the_norm_is_approached_from_below(constraint, name):
    network, example = make_layer(name)
    constraint.attach(network, example)
    weight = network.eval()[0].weight.detach()
    norm = np.linalg.norm(weight.flatten(1).numpy(), 2)
    if isinstance(constraint, ConvSpectralNorm):
        norm = true_norm(network[0], *example)
    assert norm >= 1 - 1e-12


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "linear"])
def test_transpose_is_the_adjoint(name):
    network, example = make_layer(name)
    layer = affine_layers(network, example)[0]
    forward, transpose = convolution_operator(layer)(layer.module.weight.detach())
    x = torch.randn_like(example[0])
    y = torch.randn_like(forward(x))
    torch.testing.assert_close((forward(x) * y).sum(), (x * transpose(y)).sum())


@pytest.mark.parametrize("name", LAYERS)
def test_gradient_is_that_of_division_by_the_exact_norm(name):
    network, example = make_layer(name)
    ConvSpectralNorm(maximum=0.7).attach(network, example)
    layer = network[0]
    with torch.no_grad():
        for _ in range(1000):
            network(*example)
    along = torch.randn_like(layer.weight)
    (layer.weight * along).sum().backward()
    weight = layer.parametrizations.weight.original.detach().clone().requires_grad_()
    matrix = weight
    if not isinstance(layer, nn.Linear):
        matrix = explicit_matrix(weight, example[0].shape[2:], **geometry_of(layer))
    (0.7 * weight / torch.linalg.svdvals(matrix)[0] * along).sum().backward()
    torch.testing.assert_close(
        layer.parametrizations.weight.original.grad, weight.grad, atol=1e-7, rtol=1e-5
    )


@pytest.mark.parametrize("iterations", [1, 2])
def test_follows_the_spectral_norm_of_pytorch_step_by_step(iterations):
    ours, example = make_layer("3d_tgan")
    theirs = copy.deepcopy(ours)
    parametrizations.spectral_norm(theirs[0], n_power_iterations=iterations)
    SpectralNorm(iterations=iterations).attach(ours, example)
    a, b = ours[0].parametrizations.weight, theirs[0].parametrizations.weight
    a[0].u.copy_(b[0]._u)
    a[0].v.copy_(b[0]._v)
    for _ in range(4):
        change = torch.randn_like(a.original)
        for original in (a.original, b.original):
            original.data += change
        torch.testing.assert_close(ours[0].weight, theirs[0].weight)
    torch.testing.assert_close(a[0].u, b[0]._u)


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_maximum_scales_every_weight(constraint):
    plain, clips = attached(constraint, batch_norm=False)
    half, _ = attached(type(constraint)(maximum=0.5), batch_norm=False)
    for one, other in zip(plain.eval().convs, half.eval().convs, strict=True):
        torch.testing.assert_close(other.weight, one.weight / 2)


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_vectors_move_in_training_mode_alone(constraint):
    critic, clips = attached(constraint)
    before = vectors(critic)
    assert len(before) == 8
    critic.eval()(clips)
    assert all(torch.equal(before[k], v) for k, v in vectors(critic).items())
    critic.train()(clips)
    assert not any(torch.equal(before[k], v) for k, v in vectors(critic).items() if ".convs" in k)


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_two_passes_before_one_backward_pass(constraint):
    critic, clips = attached(constraint)
    (critic(clips).mean() - critic(-clips).mean()).backward()
    for name, parameter in critic.named_parameters():
        if name != "last.bias":
            assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_samples_get_their_gradient_through_a_frozen_critic(constraint):
    critic, clips = attached(constraint)
    clips.requires_grad_()
    with frozen(critic):
        critic(clips).sum().backward()
    assert clips.grad.abs().max() > 0
    assert all(p.grad is None and p.requires_grad for p in critic.parameters())


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_state_goes_into_a_new_critic(constraint):
    critic, clips = attached(constraint)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(1.3).add_(0.01)
    critic(clips)
    torch.manual_seed(5)
    other = VideoCritic(channels=1, resolution=32, width=4)
    constraint.attach(other, (clips[:1],))
    other.load_state_dict(copy.deepcopy(critic.state_dict()))
    for mode in (False, True):
        assert torch.equal(critic.train(mode)(clips), other.train(mode)(clips))


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_a_copy_is_the_same_function_and_its_own(constraint):
    critic, clips = attached(constraint)
    twin = copy.deepcopy(critic)
    assert torch.equal(critic.eval()(clips), twin.eval()(clips))
    before = vectors(critic)
    twin.train()(clips)
    assert all(torch.equal(before[k], v) for k, v in vectors(critic).items())


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_channels_last_parameters_are_scaled_alike(constraint):
    plain, clips = attached(constraint)
    last, _ = attached(constraint)
    for parameter in last.parameters():
        if parameter.ndim == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)
    for critic in (plain, last):
        critic.train()(clips)
    for one, other in zip(plain.convs, last.convs, strict=True):
        assert other.weight.is_contiguous(memory_format=torch.channels_last_3d)
        torch.testing.assert_close(one.weight, other.weight, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_norms_are_found_in_float32_under_autocast(constraint):
    critic, clips = attached(constraint)
    critic.eval()
    with torch.autocast("cpu", torch.bfloat16):
        inside = [conv.weight for conv in critic.convs]
        critic(clips)
    for conv, weight in zip(critic.convs, inside, strict=True):
        assert weight.dtype == torch.float32
        assert torch.equal(weight, conv.weight)


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_first_vectors_are_the_same_in_every_process(constraint):
    critic, clips = make_critic()
    twin = copy.deepcopy(critic)
    constraint.attach(critic, (clips[:1],))
    torch.manual_seed(7)
    state = torch.get_rng_state()
    constraint.attach(twin, (clips[:1],))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(v, vectors(twin)[k]) for k, v in vectors(critic).items())


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_a_kernel_that_passes_through_zero_recovers(constraint):
    network, example = make_layer("2d_groups")
    before = network[0].weight.detach().clone()
    constraint.attach(network, example)
    original = network[0].parametrizations.weight.original
    with torch.no_grad():
        original.zero_()
        assert network[0].weight.abs().max() == 0
        original.copy_(before)
        for _ in range(200):
            network(*example)
    norm = np.linalg.norm(network[0].weight.detach().flatten(1).numpy(), 2)
    if isinstance(constraint, ConvSpectralNorm):
        norm = true_norm(network[0], *example)
    assert norm == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_kernels_elsewhere_are_refused_by_name(constraint):
    critic = nn.Sequential(nn.Conv1d(1, 2, 3), nn.ConvTranspose1d(2, 1, 3))
    with pytest.raises(ValueError, match=r"'1\.weight'"):
        constraint.attach(critic, (torch.zeros(1, 1, 5),))


@pytest.mark.parametrize("constraint", BOTH, ids=["matrix", "convolution"])
def test_norms_stay_near_the_bound_while_a_critic_trains(constraint):
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.Conv3d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv3d(8, 1, (2, 4, 4)), nn.Flatten()
    )
    clips = torch.rand(4, 1, 4, 8, 8)
    constraint.attach(critic, (clips[:1],))
    optimizer = torch.optim.RMSprop(critic.parameters(), lr=3e-4)
    gaps = []
    for _ in range(60):
        gap = critic(clips).mean() - critic(clips * 0.5).mean()
        optimizer.zero_grad()
        (-gap).backward()
        optimizer.step()
        gaps.append(gap.item())
    # The largest gap of a function with this Lipschitz constant (2.83 for the matrix' bound).
    length = (0.5 * clips).flatten(1).norm(dim=1).mean().item()
    bound = length * (1.1 if isinstance(constraint, ConvSpectralNorm) else 2.9)
    assert gaps[0] + 0.5 < gaps[-1] < bound
    for layer in affine_layers(critic.eval(), (clips[:1],)):
        norm = layer.norm()
        if isinstance(constraint, SpectralNorm):
            norm = np.linalg.norm(layer.module.weight.detach().flatten(1).numpy(), 2)
        assert 0.99 < norm < 1.15
