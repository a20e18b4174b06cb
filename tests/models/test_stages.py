import copy
import math

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from tgan.models import Deconv3dGenerator, ImageDeconvGenerator, TwoStreamGenerator, VideoGenerator
from tgan.models.layers import BatchNorm
from tgan.models.rectifier import Bounded, Leaky
from tgan.models.stages import kept, recompute_stages, recomputed

SIZES = {"z_slow": 6, "resolution": 16, "channels": 2, "width": 16, "image_init": "he_normal"}
GENERATORS = {
    "tgan": lambda: VideoGenerator(z_fast=5, temporal_width=8, num_labels=3, **SIZES),
    "smooth": lambda: VideoGenerator(
        z_fast=5, temporal_width=8, num_labels=3, upsampling="bilinear", **SIZES
    ),
    "modulated": lambda: VideoGenerator(
        z_fast=5, temporal_width=8, num_labels=3, self_modulation=True, **SIZES
    ),
    "deconv3d": lambda: Deconv3dGenerator(**SIZES),
    "videogan": lambda: TwoStreamGenerator(**SIZES),
    "dcgan": lambda: ImageDeconvGenerator(slope=0.2, **SIZES),
}


def condition(name):
    return (torch.tensor([0, 2, 1]),) if name in ("tgan", "smooth", "modulated") else ()


def pair(name, dtype):
    torch.manual_seed(0)
    network = GENERATORS[name]().to(dtype)
    other = copy.deepcopy(network)
    recompute_stages(other)
    return network, other


def run(network, name, dtype, *, steps=2):
    """Videos, gradients and buffers of some passes, the last of which was the longest ago."""
    torch.manual_seed(1)
    found = []
    for _ in range(steps):
        z = (torch.rand(3, 6, dtype=dtype) * 2 - 1).requires_grad_()
        video = network(z, *condition(name))
        (video * torch.randn(video.shape, dtype=dtype)).sum().backward()
        found += [video.detach(), z.grad]
    return found, [p.grad for p in network.parameters()], list(network.buffers())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", GENERATORS)
def test_what_is_recomputed_changes_no_bit_of_videos_gradients_and_statistics(name, dtype):
    network, other = pair(name, dtype)
    for ours, theirs in zip(run(other, name, dtype), run(network, name, dtype), strict=True):
        assert len(ours) == len(theirs) > 0
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", GENERATORS)
def test_bf16_changes_as_little(name):
    network, other = pair(name, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        found = [run(each, name, torch.float32, steps=1) for each in (other, network)]
    for ours, theirs in zip(*found, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def bytes_kept(network, name):
    """Bytes of all that a forward pass keeps, parameters aside."""
    parameters = {p.untyped_storage().data_ptr() for p in network.parameters()}
    storages = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            storages[storage.data_ptr()] = storage
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        video = network(torch.rand(3, 6), *condition(name))
    assert video.requires_grad
    return sum(storage.nbytes() for storage in storages.values())


@pytest.mark.parametrize(
    ("name", "share"), [("tgan", 0.65), ("smooth", 0.75), ("deconv3d", 0.75), ("dcgan", 0.65)]
)
def test_far_less_is_kept(name, share):
    network, other = pair(name, torch.float32)
    assert bytes_kept(other, name) < share * bytes_kept(network, name)


@pytest.mark.parametrize("rectify", [Leaky(0.2), Leaky(), Bounded(0.7)])
@pytest.mark.parametrize("stage", [kept, recomputed])
def test_a_stage_has_the_gradient_of_its_formula(stage, rectify):
    torch.manual_seed(0)
    norm, layer = BatchNorm(3).double(), nn.ConvTranspose2d(3, 2, 4, 2, 1).double()
    x = torch.randn(4, 3, 5, 5, dtype=torch.float64, requires_grad=True)
    parameters = (*norm.parameters(), *layer.parameters())
    assert torch.autograd.gradcheck(lambda *_: stage(x, norm, layer, rectify), (x, *parameters))
    deviation = (x.var((0, 2, 3), correction=0, keepdim=True) + norm.eps).sqrt()
    normal = (x - x.mean((0, 2, 3), keepdim=True)) / deviation
    low, high = (-math.inf, math.inf) if isinstance(rectify, Leaky) else (0, rectify.ceiling)
    plain = torch.where(normal < 0, getattr(rectify, "slope", 0) * normal, normal).clamp(low, high)
    torch.testing.assert_close(stage(x, norm, layer, rectify), layer(plain))


def test_nothing_is_kept_where_no_gradient_is_asked_for():
    norm, layer = BatchNorm(3), nn.ConvTranspose2d(3, 2, 4)
    with torch.no_grad():
        assert not recomputed(torch.randn(4, 3, 5, 5), norm, layer).requires_grad
    frozen = layer.requires_grad_(False)
    x = torch.randn(4, 3, 5, 5, requires_grad=True)
    recomputed(x, norm, frozen).sum().backward()
    assert x.grad.isfinite().all() and frozen.weight.grad is None and norm.weight.grad is not None


def test_a_second_derivative_is_an_error():
    x = torch.randn(4, 3, 5, 5, requires_grad=True)
    out = recomputed(x, BatchNorm(3), nn.ConvTranspose2d(3, 2, 4))
    (at_x,) = torch.autograd.grad(out.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        at_x.square().sum().backward()
