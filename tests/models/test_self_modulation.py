"""Gains and shifts that the slow latent makes, against plain arithmetic."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tgan.models import VideoGenerator
from tgan.models.stages import Modulated

SMALL = {"z_slow": 6, "z_fast": 5, "resolution": 16, "width": 16, "image_init": "he_normal"}


def make(**settings):
    torch.manual_seed(0)
    return VideoGenerator(temporal_width=8, self_modulation=True, **SMALL, **settings)


def test_maps_of_each_frame_have_its_videos_gains_and_shifts():
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(4).double()
    x, gains, shifts = (torch.randn(size).double() for size in ((6, 4, 3, 3), (2, 4), (2, 4)))
    normal = norm(x)
    expected = torch.stack(
        [
            torch.stack([normal[i, c] * gains[i // 3, c] + shifts[i // 3, c] for c in range(4)])
            for i in range(6)
        ]
    )
    torch.testing.assert_close(Modulated(norm, gains, shifts)(x), expected)


def test_frames_are_those_of_plain_arithmetic():
    """Each frame by itself, as in evaluation, with the perceptrons written out."""
    network = make(num_labels=3).eval().double()
    image, labels = network.image, torch.tensor([0, 2])
    z_slow, z_fast = torch.rand(2, 6).double(), torch.rand(2, 5, 16).double()
    of_slow, of_fast, of_label = (
        layer.weight / (1 + image.norm_slow.eps) ** 0.5
        for layer in (image.slow, image.fast, image.label)
    )
    with torch.no_grad():
        video = image(z_slow, z_fast, labels)
        for v, t in ((0, 0), (0, 15), (1, 7)):
            one_hot = torch.eye(3).double()[labels[v]]
            parts = [of_slow @ z_slow[v], of_fast @ z_fast[v, :, t], of_label @ one_hot]
            h = torch.cat([part.relu().view(-1, 4, 4) for part in parts])[None]
            code = torch.cat([z_slow[v], one_hot])
            for deconv, following, perceptron in zip(
                image.deconvs, (*image.deconvs[1:], image.last), image.modulations, strict=True
            ):
                first, _, second = perceptron
                hidden = (first.weight @ code + first.bias).relu()
                gain, shift = (second.weight @ hidden + second.bias).view(2, -1, 1, 1)
                if deconv is image.deconvs[0]:
                    h = F.conv_transpose2d(h, deconv.weight, stride=2, padding=1)
                h = (h / (1 + image.norms[0].eps) ** 0.5 * (1 + gain) + shift).relu()
                last = following is image.last
                h = F.conv_transpose2d(
                    h, following.weight, following.bias, stride=1 if last else 2, padding=1
                )
            torch.testing.assert_close(video[v, :, t], h[0].tanh())


@pytest.mark.parametrize("upsampling", ["deconvolution", "bilinear"])
def test_the_slow_latent_reaches_images_by_modulation_alone(upsampling):
    for is_on in (False, True):
        torch.manual_seed(0)
        image = VideoGenerator(
            **SMALL, slow_in_image=False, self_modulation=is_on, upsampling=upsampling
        ).image.eval()
        z_fast = torch.rand(1, 5, 16)
        one, other = (image(torch.full((1, 6), value), z_fast) for value in (-0.5, 0.5))
        assert torch.equal(one, other) != is_on


def test_its_perceptrons_are_all_that_it_adds():
    plain = VideoGenerator(temporal_width=8, **SMALL).state_dict()
    assert set(make().state_dict()) ^ set(plain) == {
        f"image.modulations.{stage}.{layer}.{kind}"
        for stage in range(2)
        for layer in (0, 2)
        for kind in ("weight", "bias")
    }


def test_every_perceptron_learns():
    network = make()
    network(torch.rand(3, 6) * 2 - 1).square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in network.image.modulations.parameters())
