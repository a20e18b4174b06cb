import pytest
import torch

from tgan.models import GENERATORS, Deconv3dGenerator, TwoStreamGenerator
from tgan.models.deconv3d import MASK_SPARSITY

BASELINES = {"deconv3d": Deconv3dGenerator, "videogan": TwoStreamGenerator}
SMALL = {"z_slow": 6, "width": 16, "image_init": "he_normal"}


def test_layers_at_the_papers_size():
    generator = Deconv3dGenerator()
    kernels = [tuple(layer.weight.shape) for layer in (*generator.stream.deconvs, generator.last)]
    assert kernels == [
        (100, 512, 1, 4, 4),
        (512, 256, 4, 4, 4),
        (256, 128, 4, 4, 4),
        (128, 64, 4, 4, 4),
        (64, 3, 4, 4, 4),
    ]
    two = TwoStreamGenerator(num_frames=32)
    assert two.foreground.deconvs[0].weight.shape == (100, 512, 2, 4, 4)
    assert two.mask.weight.shape == (64, 1, 4, 4, 4)
    background = [tuple(layer.weight.shape) for layer in two.background.deconvs]
    assert background[0] == (100, 512, 4, 4) and background[-1] == (128, 64, 4, 4)
    assert two.last_background.weight.shape == (64, 3, 4, 4)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("resolution", [32, 64, 128])
@pytest.mark.parametrize(("num_frames", "channels"), [(16, 3), (48, 1)])
@torch.no_grad()
def test_shapes_and_range(name, resolution, num_frames, channels):
    sizes = {"resolution": resolution, "num_frames": num_frames, "channels": channels}
    video = GENERATORS[name](**SMALL, **sizes)(torch.rand(2, 6) * 2 - 1)
    assert video.shape == (2, channels, num_frames, resolution, resolution)
    assert video.abs().max() <= 1 and video.std() > 0


@pytest.mark.parametrize("name", BASELINES)
def test_sizes_that_do_not_fit_are_named(name):
    with pytest.raises(ValueError, match="width 12 is not a multiple of 8"):
        GENERATORS[name](width=12)
    with pytest.raises(ValueError, match="num_frames 24 is not a multiple of 16"):
        GENERATORS[name](num_frames=24)


@pytest.mark.parametrize("name", BASELINES)
def test_a_label_changes_the_video(name):
    torch.manual_seed(0)
    generator = GENERATORS[name](**SMALL, resolution=32, num_labels=2).eval()
    z = (torch.rand(1, 6) * 2 - 1).expand(2, -1)
    first, second = generator(z, torch.tensor([0, 1]))
    assert not torch.allclose(first, second)


@torch.no_grad()
def test_an_open_mask_shows_the_foreground_and_a_closed_one_a_still_background():
    torch.manual_seed(0)
    generator = TwoStreamGenerator(**SMALL, resolution=32).eval()
    z = torch.rand(2, 6)
    generator.mask.weight.zero_()
    generator.mask.bias.fill_(100)
    foreground = torch.tanh(generator.last(generator.foreground(z)))
    torch.testing.assert_close(generator(z), foreground)
    generator.mask.bias.fill_(-100)
    closed = generator(z)
    assert torch.equal(closed, closed[:, :, :1].expand_as(closed))


def test_the_masks_mean_joins_the_loss():
    torch.manual_seed(0)
    generator = TwoStreamGenerator(**SMALL, resolution=32).double()
    z, weights = torch.rand(3, 6).double(), torch.rand(3, 3, 16, 32, 32).double()
    (generator(z) * weights).sum().backward()
    with_penalty = {name: p.grad.clone() for name, p in generator.named_parameters()}

    generator.zero_grad()
    features = generator.foreground(z)
    mask = torch.sigmoid(generator.mask(features))
    still = torch.tanh(generator.last_background(generator.background(z)))
    video = mask * torch.tanh(generator.last(features)) + (1 - mask) * still[:, :, None]
    ((video * weights).sum() + MASK_SPARSITY * mask.abs().mean()).backward()
    for name, parameter in generator.named_parameters():
        torch.testing.assert_close(with_penalty[name], parameter.grad, rtol=1e-9, atol=1e-9)
    assert with_penalty["mask.bias"].abs() > 0


def test_the_masks_penalty_survives_bf16():
    torch.manual_seed(0)
    generator = TwoStreamGenerator(**SMALL, resolution=32)
    seen = {}

    def watch(module, inputs, logits):
        logits.register_hook(lambda gradient: seen.update(gradient=gradient, logits=logits))

    generator.mask.register_forward_hook(watch)
    with torch.autocast("cpu", torch.bfloat16):
        video = generator(torch.rand(2, 6))
    weights = torch.randn_like(video) / video.numel() * 1000
    gradients = []
    for sparsity in (MASK_SPARSITY, 0.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tgan.models.deconv3d.MASK_SPARSITY", sparsity)
            (video * weights).sum().backward(retain_graph=True)
        gradients.append(seen["gradient"].double())
    mask = torch.sigmoid(seen["logits"].detach().double())
    added = (gradients[0] - gradients[1]).sum()
    expected = (MASK_SPARSITY / mask.numel() * mask * (1 - mask)).sum()
    assert video.dtype == torch.float32
    torch.testing.assert_close(added, expected, rtol=0.1, atol=0)
