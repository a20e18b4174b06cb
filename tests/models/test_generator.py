import pytest
import torch
from torch import nn

from tgan.models import ImageGenerator, TemporalGenerator, VideoGenerator

SMALL = {"z_slow": 6, "z_fast": 5, "temporal_width": 8, "width": 32}


def test_table_1_layers_and_parameter_counts():
    generator = VideoGenerator()
    temporal = [tuple(d.weight.shape) for d in generator.temporal.deconvs]
    assert temporal == [(100, 512, 1), (512, 256, 4), (256, 128, 4), (128, 128, 4), (128, 100, 4)]
    image = [tuple(d.weight.shape) for d in generator.image.deconvs]
    assert image == [(512, 256, 4, 4), (256, 128, 4, 4), (128, 64, 4, 4), (64, 32, 4, 4)]
    assert generator.image.last.weight.shape == (32, 3, 3, 3)
    assert generator.image.slow.weight.shape == generator.image.fast.weight.shape == (4096, 100)
    kernels = 100 * 512 + 4 * (512 * 256 + 256 * 128 + 128 * 128 + 128 * 100)
    biases_and_gains = (512 + 256 + 128 + 128) * 2 + 100
    image_kernels = 2 * 409_600 + 16 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 32) + 9 * 32 * 3 + 3
    image_norms = 2 * (2 * 4096 + 256 + 128 + 64 + 32)
    expected = kernels + biases_and_gains + image_kernels + image_norms
    assert sum(p.numel() for p in generator.parameters()) == expected


@pytest.mark.parametrize("resolution", [32, 64, 128])
@pytest.mark.parametrize("num_frames", [16, 48])
@pytest.mark.parametrize("channels", [1, 3])
@torch.no_grad()
def test_shapes_and_range(resolution, num_frames, channels):
    generator = VideoGenerator(
        **SMALL, resolution=resolution, num_frames=num_frames, channels=channels
    )
    video = generator(torch.rand(2, 6) * 2 - 1)
    assert video.shape == (2, channels, num_frames, resolution, resolution)
    assert video.abs().max() < 1


class PerFrame(nn.Module):
    """The authors' arithmetic: the slow latent repeated for, and normalised with, each frame."""

    def __init__(self, ours: ImageGenerator) -> None:
        super().__init__()
        self.slow, self.fast, self.last, self.deconvs = (
            ours.slow,
            ours.fast,
            ours.last,
            ours.deconvs,
        )
        self.norm_slow, self.norm_fast = (nn.BatchNorm1d(256, eps=2e-5) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm2d(len(n.weight), eps=2e-5) for n in ours.norms)

    def forward(self, z_slow, z_fast):
        n, k, t = z_fast.shape
        slow = z_slow[:, None].expand(n, t, -1).reshape(n * t, -1)
        fast = z_fast.transpose(1, 2).reshape(n * t, k)
        slow = self.norm_slow(self.slow(slow)).relu().view(-1, 16, 4, 4)
        fast = self.norm_fast(self.fast(fast)).relu().view(-1, 16, 4, 4)
        h = torch.cat([slow, fast], 1)
        for deconv, norm in zip(self.deconvs, self.norms, strict=True):
            h = norm(deconv(h)).relu()
        images = self.last(h).tanh()
        return images.view(n, t, *images.shape[1:]).transpose(1, 2)


def test_mapping_the_slow_latent_once_equals_mapping_it_for_every_frame():
    torch.manual_seed(0)
    ours = ImageGenerator(z_slow=6, z_fast=5, num_frames=16, resolution=32, channels=1, width=32)
    ours.double()
    theirs = PerFrame(ours).double()
    z_slow = torch.rand(3, 6).double().requires_grad_()
    z_fast = torch.rand(3, 5, 16).double().requires_grad_()
    weights = torch.randn(3, 1, 16, 32, 32).double()
    inputs = [z_slow, z_fast, *ours.slow.parameters(), *ours.deconvs.parameters()]
    results = []
    for network in (ours, theirs):
        video = network(z_slow, z_fast)
        results.append((video, torch.autograd.grad((video * weights).sum(), inputs)))
    torch.testing.assert_close(results[0], results[1], rtol=1e-9, atol=1e-9)
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(getattr(ours.norm_slow, name), getattr(theirs.norm_slow, name))


def test_a_batch_of_one_trains():
    generator = VideoGenerator(**SMALL, resolution=32)
    generator(torch.rand(1, 6)).mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in generator.parameters())
    assert all(torch.isfinite(b).all() for b in generator.buffers())


@torch.no_grad()
def test_frames_follow_their_own_fast_latent():
    generator = VideoGenerator(**SMALL, resolution=32).eval()
    z_slow = torch.rand(2, 6)
    z_fast = generator.temporal(z_slow)
    order = torch.randperm(16)
    shuffled = generator.image(z_slow, z_fast[:, :, order])
    expected = generator.image(z_slow, z_fast)[:, :, order]
    torch.testing.assert_close(shuffled, expected)


@torch.no_grad()
def test_every_fast_latent_depends_on_the_slow_one():
    torch.manual_seed(0)
    temporal = TemporalGenerator(z_slow=6, z_fast=5, width=32, num_frames=32).eval()
    moved = (temporal(torch.ones(1, 6)) - temporal(torch.zeros(1, 6))).abs().amax((0, 1))
    assert moved.shape == (32,) and (moved > 0).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resolution": 48}, "resolution 48"),
        ({"resolution": 4}, "resolution 4"),
        ({"num_frames": 20}, "num_frames 20 is not a multiple of 16"),
        ({"width": 30}, "width 30 is not a multiple of 16"),
        ({"temporal_width": 6}, "width 6 is not a multiple of 4"),
    ],
)
def test_sizes_it_cannot_make_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        VideoGenerator(**(SMALL | settings))


def test_without_the_slow_latent_images_see_the_fast_ones_alone():
    torch.manual_seed(0)
    generator = VideoGenerator(**SMALL, resolution=32, slow_in_image=False, image_init="he_normal")
    assert generator.image.fast.weight.shape == (32 * 16, 5)
    assert generator.image.deconvs[0].weight.shape == (32, 16, 4, 4)
    z_fast = torch.rand(2, 5, 16)
    videos = [generator.eval().image(torch.full((2, 6), value), z_fast) for value in (-1.0, 1.0)]
    assert torch.equal(*videos)


@torch.no_grad()
def test_a_conditional_generator_is_the_plain_one_with_three_more_maps():
    torch.manual_seed(0)
    generator = VideoGenerator(**SMALL, resolution=32, num_labels=3, image_init="he_normal").eval()
    assert generator.temporal.deconvs[0].weight.shape == (9, 8, 1)
    assert generator.image.label.weight.shape == (4 * 16, 3)
    assert generator.image.deconvs[0].weight.shape == (36, 16, 4, 4)
    z, labels = torch.rand(2, 6), torch.tensor([0, 2])
    video = generator(z, labels)
    assert not torch.allclose(video, generator(z, torch.tensor([1, 2])))

    # Without what the label adds, the plain generator's arithmetic is left.
    plain = VideoGenerator(**SMALL, resolution=32).eval()
    state = generator.state_dict()
    first = "temporal.deconvs.0.weight"
    for key in [k for k in state if "label" in k]:
        del state[key]
    for key, kept in ((first, 6), ("image.deconvs.0.weight", 32)):
        generator.get_parameter(key)[kept:] = 0
        state[key] = state[key][:kept]
    plain.load_state_dict(state)
    torch.testing.assert_close(generator(z, labels), plain(z))


def test_a_conditional_batch_norm_counts_a_label_once_per_frame():
    generator = VideoGenerator(**SMALL, num_labels=2)
    assert generator.image.norm_label.repeats == generator.image.norm_slow.repeats == 16


def test_classes_have_a_map_of_their_own_in_the_narrowest_generator():
    sizes = SMALL | {"width": 4, "resolution": 8}
    generator = VideoGenerator(**sizes, num_labels=3, image_init="he_normal").eval()
    assert generator.image.label.weight.shape == (4 * 4, 3)
    z = torch.rand(1, 6).expand(2, 6)
    one, other = generator(z, torch.tensor([0, 2]))
    assert one.shape == (3, 16, 8, 8) and not torch.equal(one, other)
