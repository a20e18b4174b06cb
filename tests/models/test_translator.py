import pytest
import torch

from tgan.models.critic import VideoCritic
from tgan.models.translator import ImageTranslator


def make(**settings):
    torch.manual_seed(0)
    defaults = {"z_slow": 4, "resolution": 32, "width": 32, "input_channels": 1}
    return ImageTranslator(**{**defaults, **settings, "image_init": "he_normal"})


@pytest.mark.parametrize("resolution", [8, 20, 32, 80])
def test_a_picture_becomes_an_image_of_its_size(resolution):
    network = make(resolution=resolution, channels=3, input_channels=2)
    picture = torch.rand(2, 2, 1, resolution, resolution)
    image = network(torch.rand(2, 4), picture)
    assert image.shape == (2, 3, 1, resolution, resolution)
    assert image.abs().max() < 1


def test_widths_double_on_the_way_down_and_every_size_has_its_way_across():
    network = make(width=64)
    assert [conv.out_channels for conv in network.down] == [16, 32, 64][-3:]
    assert [(d.in_channels, d.out_channels) for d in network.up] == [(64, 32), (64, 16)]
    assert (network.last.in_channels, network.last.out_channels) == (32, 3)


def test_latent_and_picture_both_count():
    network = make().eval()
    z, picture = torch.rand(2, 4), torch.rand(2, 1, 1, 32, 32)
    image = network(z, picture)
    assert (network(z + 1, picture) - image).abs().max() > 1e-3
    assert (network(z, picture.roll(3, -1)) - image).abs().max() > 1e-2


def test_an_image_does_not_depend_on_the_others_of_its_batch():
    network = make()
    z, picture = torch.rand(3, 4), torch.rand(3, 1, 1, 32, 32)
    torch.testing.assert_close(network(z, picture)[1:2], network(z[1:2], picture[1:2]))


def test_the_picture_reaches_its_own_place_through_the_ways_across():
    """A pixel changes the output next to it more than the output far away."""
    network = make().eval()
    picture = torch.rand(1, 1, 1, 32, 32).requires_grad_()
    out = network(torch.zeros(1, 4), picture)
    (gradient,) = torch.autograd.grad(out[..., 8, 8].sum(), picture)
    near, far = gradient[..., 5:12, 5:12].abs().mean(), gradient[..., 22:, 22:].abs().mean()
    assert near > 3 * far


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input_channels": 0}, "starts from a picture: set data.input"),
        ({"num_frames": 16}, "num_frames 16: translator makes images"),
        ({"width": 6}, "generator width 6 is not a multiple of 4"),
        ({"resolution": 30}, "resolution 30 is not 4 or 5 times"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)


def test_a_critic_sees_the_picture_beside_the_image():
    torch.manual_seed(0)
    critic = VideoCritic(num_frames=1, resolution=16, width=8, channels=3, input_channels=2)
    images, picture = torch.rand(4, 3, 1, 16, 16), torch.rand(4, 2, 1, 16, 16)
    assert critic.convs[0].in_channels == 5
    plain = VideoCritic(num_frames=1, resolution=16, width=8, channels=5)
    plain.load_state_dict(critic.state_dict())
    assert torch.equal(critic(images, picture), plain(torch.cat([images, picture], 1)))
    for wrong in (None, picture[:, :1], picture[:2]):
        with pytest.raises(ValueError, match=r"an input picture of shape \(4, 2, 1, 16, 16\)"):
            critic(images, wrong)
