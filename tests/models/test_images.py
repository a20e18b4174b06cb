"""Image generators that enlarge bilinearly, against plain arithmetic."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tgan.metrics.speckle import speckle
from tgan.models import SmoothImageGenerator, VideoGenerator
from tgan.models.stages import recompute_stages

SMALL = {"z_slow": 6, "z_fast": 5, "num_frames": 16, "width": 32}


def doubling(side):
    """The matrix (2 side, side) of linear interpolation at a quarter from each pixel's middle."""
    places = np.clip((np.arange(2 * side) + 0.5) / 2 - 0.5, 0, side - 1)
    rows = [np.interp(places, np.arange(side), each) for each in np.eye(side)]
    return torch.from_numpy(np.stack(rows, 1))


def doubled(maps):
    matrix = doubling(maps.shape[-1])
    return matrix @ maps @ matrix.T


def plainly(ours, z_slow, z_fast):
    """Every frame by itself, with PyTorch's own batch norms, and a picture from each level."""
    n, k, t = z_fast.shape

    def rectified(x):
        return x.clamp(0, 4)

    def norm(x, of):
        shape = (0, *range(2, x.ndim))
        centred = x - x.mean(shape, keepdim=True)
        deviation = (x.var(shape, correction=0, keepdim=True) + of.eps).sqrt()
        spread = (1, -1, *[1] * (x.ndim - 2))
        return centred / deviation * of.weight.view(spread) + of.bias.view(spread)

    slow = z_slow[:, None].expand(n, t, -1).reshape(n * t, -1)
    fast = z_fast.transpose(1, 2).reshape(n * t, k)
    slow, fast = norm(ours.slow(slow), ours.norm_slow), norm(ours.fast(fast), ours.norm_fast)
    h = torch.cat([each.relu().view(n * t, -1, 4, 4) for each in (slow, fast)], 1)
    h, picture = F.conv_transpose2d(h, ours.first.weight, stride=2, padding=1), 0
    for level, conv in enumerate(ours.convs):
        both = F.conv2d(rectified(norm(h, ours.norms[level])), conv.weight, padding=1)
        h, picture = doubled(both[:, :-3]), doubled(picture + both[:, -3:])
    h = rectified(norm(F.pad(h, (1, 1, 1, 1), mode="replicate"), ours.norms[-1]))
    images = ours.last(h) + picture
    return images.tanh().view(n, t, 3, *images.shape[2:]).transpose(1, 2)


@pytest.mark.parametrize("resolution", [8, 32, 64])
def test_smooth_images_are_those_of_plain_arithmetic(resolution):
    torch.manual_seed(0)
    ours = SmoothImageGenerator(**SMALL, resolution=resolution).double()
    for norm in (*ours.norms, ours.norm_slow, ours.norm_fast):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    z_slow = torch.rand(3, 6).double().requires_grad_()
    z_fast = torch.rand(3, 5, 16).double().requires_grad_()
    weights = torch.randn(3, 3, 16, resolution, resolution).double()
    inputs, results = [z_slow, z_fast, *ours.parameters()], []
    for make in (ours, lambda *z: plainly(ours, *z)):
        video = make(z_slow, z_fast)
        results.append((video, *torch.autograd.grad((video * weights).sum(), inputs)))
    torch.testing.assert_close(results[0], results[1], rtol=1e-8, atol=1e-8)


def test_recomputed_stages_have_the_same_gradients():
    torch.manual_seed(0)
    network = VideoGenerator(upsampling="bilinear", resolution=32, width=16, temporal_width=8)
    z, results = torch.rand(2, 100), []
    for prepare in (lambda network: None, recompute_stages):
        prepare(network)
        network.zero_grad()
        video = network(z)
        video.square().sum().backward()
        results.append([video, *(p.grad.clone() for p in network.parameters())])
    for kept, recomputed in zip(*results, strict=True):
        torch.testing.assert_close(kept, recomputed)


@torch.no_grad()
def test_single_pixels_are_drawn_by_deconvolutions_alone():
    """With fresh weights: a third of a deconvolution's contrast lies within 2x2 pixels."""
    shares = {}
    for upsampling in ("deconvolution", "bilinear"):
        torch.manual_seed(0)
        network = VideoGenerator(upsampling=upsampling, image_init="he_normal", width=64)
        clips = network(torch.rand(4, 100) * 2 - 1).movedim(1, -1)
        levels = ((clips + 1) * 127.5).round().byte().numpy()
        shares[upsampling] = (speckle(levels) / levels.var((1, 2, 3))).mean()
    assert shares["deconvolution"] > 0.3 and shares["bilinear"] < 0.1


def test_labels_reach_every_frame():
    torch.manual_seed(0)
    network = VideoGenerator(upsampling="bilinear", num_labels=3, width=16, resolution=32).eval()
    z = torch.rand(1, 100)
    one, other = (network(z, torch.tensor([label])) for label in (0, 2))
    assert ((one - other).abs().amax((0, 1, 3, 4)) > 0).all()


def test_an_unknown_upsampling_is_named():
    with pytest.raises(ValueError, match="unknown upsampling 'nearest'.*deconvolution"):
        VideoGenerator(upsampling="nearest")
