import pytest
import torch
from torch import nn

from tgan.models import ImageDeconvGenerator, VideoCritic


def torch_dcgan(z, width, channels, doublings, side, slope):
    """DCGAN's generator as a plain stack of torch's own layers, for an image of side * 2^n."""
    layers = [nn.ConvTranspose2d(z, width, side, bias=False)]
    for _ in range(doublings - 1):
        layers += [nn.BatchNorm2d(width, eps=2e-5), nn.LeakyReLU(slope)]
        layers += [nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False)]
        width //= 2
    layers += [nn.BatchNorm2d(width, eps=2e-5), nn.LeakyReLU(slope)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Tanh())


@pytest.mark.parametrize(
    ("resolution", "doublings", "side", "slope"), [(64, 4, 4, 0.0), (80, 4, 5, 0.2), (8, 1, 4, 0.0)]
)
def test_it_is_a_plain_stack_of_deconvolutions(resolution, doublings, side, slope):
    torch.manual_seed(0)
    sizes = {"resolution": resolution, "channels": 4, "width": 16}
    ours = ImageDeconvGenerator(z_slow=7, **sizes, slope=slope)
    plain = torch_dcgan(7, 16, 4, doublings, side, slope)
    own, theirs = list(ours.parameters()), list(plain.parameters())
    by_shape = {}
    for tensor in own:
        by_shape.setdefault(tuple(tensor.shape), []).append(tensor)
    with torch.no_grad():
        for tensor in theirs:
            tensor.copy_(by_shape[tuple(tensor.shape)].pop(0))
    assert not any(by_shape.values())
    z = torch.rand(3, 7) * 2 - 1
    images = ours(z)
    assert images.shape == (3, 4, 1, resolution, resolution)
    torch.testing.assert_close(images[:, :, 0], plain(z[..., None, None]), atol=1e-5, rtol=1e-5)


def test_the_papers_sizes_and_initialisation():
    torch.manual_seed(0)
    generator = ImageDeconvGenerator(width=1024)
    kernels = [p for p in generator.parameters() if p.ndim == 4]
    widths = [(100, 1024), (1024, 512), (512, 256), (256, 128), (128, 3)]
    assert sorted(tuple(k.shape[:2]) for k in kernels) == sorted(widths)
    for kernel in kernels:
        assert kernel.std().item() == pytest.approx(0.02, rel=0.03)
    gains = torch.cat([norm.weight for norm in generator.stream.norms])
    assert len(gains) == 1024 + 512 + 256 + 128
    assert gains.mean().item() == pytest.approx(1, abs=0.002)
    assert gains.std().item() == pytest.approx(0.02, rel=0.05)
    assert all((norm.bias == 0).all() for norm in generator.stream.norms)


def test_classes_change_the_image_and_have_to_be_given():
    torch.manual_seed(0)
    generator = ImageDeconvGenerator(resolution=16, width=8, num_labels=3, image_init="he_normal")
    z = torch.rand(2, 100)
    a, b = (generator.eval()(z, torch.full((2,), label)) for label in (0, 1))
    assert (a - b).abs().max() > 1e-3
    with pytest.raises(ValueError, match="needs labels"):
        generator(z)


def test_the_critic_of_one_frame_is_dcgans_discriminator():
    torch.manual_seed(0)
    critic = VideoCritic(channels=3, num_frames=1, resolution=64, width=8, shift=True)
    layers = [nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2)]
    for width in (8, 16, 32):
        layers += [nn.Conv2d(width, 2 * width, 4, 2, 1), nn.BatchNorm2d(2 * width, eps=2e-5)]
        layers += [nn.LeakyReLU(0.2)]
    plain = nn.Sequential(*layers, nn.Conv2d(64, 1, 4))
    pairs = zip(critic.convs[1:], critic.norms[1:], strict=True)
    own = [critic.convs[0], *(module for pair in pairs for module in pair)]
    theirs = [m for m in plain if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    with torch.no_grad():
        for ours, other in zip([*own, critic.last], theirs, strict=True):
            other.weight.copy_(ours.weight.view_as(other.weight))
            other.bias.copy_(ours.bias)
    images = torch.rand(5, 3, 64, 64) * 2 - 1
    torch.testing.assert_close(critic(images[:, :, None]), plain(images).flatten())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_frames": 16}, "num_frames 16: dcgan makes images"),
        ({"resolution": 60}, "resolution 60 is not 4 or 5 times a power of two"),
        ({"width": 12}, "width 12 is not a multiple of 8"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ImageDeconvGenerator(**settings)
