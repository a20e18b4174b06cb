import numpy as np
import pytest
import torch
from torch import nn

from tgan.data.pixels import to_bytes
from tgan.models import VideoGenerator
from tgan.sampling.decoding import sample_videos, seed_latents
from tgan.sampling.latents import (
    combine,
    decode,
    interpolate_time,
    jittered,
    lerp,
    slerp,
    slow_motion,
    walk,
)


def make_generator(**settings):
    """A generator whose batch norms have seen a batch, in inference mode."""
    torch.manual_seed(0)
    sizes = {"z_slow": 8, "z_fast": 6, "resolution": 32, "channels": 1}
    network = VideoGenerator(
        **sizes, temporal_width=8, width=16, image_init="he_normal", **settings
    )
    z = torch.rand(16, 8) * 2 - 1
    network(z, torch.arange(16) % 3) if settings else network(z)
    return network.eval()


@pytest.fixture(scope="module")
def generator():
    return make_generator()


@pytest.fixture(scope="module")
def conditional():
    return make_generator(num_labels=3)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 7])
def test_interpolation_is_linear_and_keeps_the_given(factor):
    z = torch.randn(3, 5, 16, generator=torch.Generator().manual_seed(1))
    slow = interpolate_time(z, factor)
    assert slow.shape == (3, 5, 15 * factor + 1)
    assert torch.equal(slow[..., ::factor], z)
    times = np.linspace(0, 15, 15 * factor + 1)
    for given, made in zip(z.reshape(-1, 16).double(), slow.reshape(15, -1), strict=True):
        np.testing.assert_allclose(made, np.interp(times, np.arange(16), given), atol=1e-6)


def test_one_frame_has_nothing_between():
    z = torch.rand(2, 3, 1)
    assert torch.equal(interpolate_time(z, 5), z)


def test_a_walk_has_its_ends_and_even_steps():
    a, b = seed_latents([3, 7], 40)
    for kind in ("lerp", "slerp"):
        path = walk(a, b, 9, kind=kind)
        assert path.shape == (9, 40) and path.dtype == torch.float32
        assert torch.equal(path[0], a) and torch.equal(path[-1], b)
        torch.testing.assert_close(path.flip(0), walk(b, a, 9, kind=kind))
    straight = walk(a, b, 9, kind="lerp")
    torch.testing.assert_close(straight.diff(dim=0), ((b - a) / 8).expand(8, -1))
    # An arc turns by the same angle at each step, for latents of any lengths.
    a, b = a.double(), b.double()
    circle = walk(a / a.norm(), b / b.norm(), 9, kind="slerp")
    angles = torch.arccos((circle[1:] * circle[:-1]).sum(1))
    torch.testing.assert_close(circle.norm(dim=1), torch.ones(9, dtype=torch.float64))
    assert angles.std() < 1e-9
    assert angles.sum().item() == pytest.approx(torch.arccos(circle[0] @ circle[-1]).item())


def test_the_arc_of_a_right_angle_in_closed_form():
    a, b = torch.tensor([2.0, 0, 0]), torch.tensor([0, 2.0, 0])
    points = slerp(a, b, torch.tensor([0.0, 1 / 3, 0.5, 1.0]))
    root = np.sqrt([3, 2])
    expected = [[2, 0, 0], [root[0], 1, 0], [root[1], root[1], 0], [0, 2, 0]]
    np.testing.assert_allclose(points, expected, atol=1e-6)
    assert (lerp(a, b, torch.tensor([0.5]))[0] == torch.tensor([1.0, 1, 0])).all()


@pytest.mark.parametrize("factor", [1.0, 0.5, -1.0, 0.0])
def test_parallel_latents_are_joined_by_the_line(factor):
    a = torch.tensor([0.3, -0.8, 0.5])
    weights = torch.linspace(0, 1, 5)
    points = slerp(a, factor * a, weights)
    assert points.isfinite().all()
    if factor:
        torch.testing.assert_close(points, lerp(a, factor * a, weights))


def test_sums_of_means_are_clamped():
    first, second = seed_latents(range(3), 50), seed_latents([8], 50)
    expected = first.double().mean(0) - 2 * second.double()[0]
    assert expected.abs().max() > 1.5
    made = combine([(1, first), (-2, second)])
    np.testing.assert_allclose(made, expected.clamp(-1, 1), atol=1e-6)
    torch.testing.assert_close(combine([(1, first), (-1, second), (1, second)]), first.mean(0))


def test_jitter_is_uniform_bounded_and_always_the_same():
    made = jittered(torch.zeros(5000), 8, amount=0.25)
    assert made.shape == (8, 5000) and torch.equal(
        made, jittered(torch.zeros(5000), 8, amount=0.25)
    )
    assert made.abs().max() <= 0.25 and made.mean().abs() < 0.003
    assert made.std().item() == pytest.approx(0.5 / 12**0.5, rel=0.02)
    assert torch.corrcoef(made).fill_diagonal_(0).abs().max() < 0.06
    # The noise does not depend on the latent, and what it leaves outside is clamped.
    latent = seed_latents([4], 5000)[0]
    expected = (latent + made).clamp(-1, 1)
    assert torch.equal(jittered(latent, 8, amount=0.25), expected)
    assert (latent + made).abs().max() > 1
    torch.testing.assert_close(jittered(latent, 2, amount=0), latent.expand(2, -1))


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_slow_motion_keeps_the_frames_of_the_sample(generator, factor):
    z = seed_latents(range(3), 8)
    with torch.no_grad():
        plain, slow = generator(z), slow_motion(generator, z, factor)
    assert slow.shape == (3, 1, 15 * factor + 1, 32, 32)
    difference = to_bytes(slow[:, :, ::factor]).int() - to_bytes(plain).int()
    assert difference.abs().max() <= 1
    # What lies between is new: nearer to both neighbours than they are to each other.
    if factor == 2:
        between = slow[:, :, 1::2] - plain[:, :, :-1]
        assert 0 < between.abs().mean() < (plain[:, :, 1:] - plain[:, :, :-1]).abs().mean()


def test_slow_motion_interpolates_latents_and_not_pixels(generator):
    z = seed_latents([4], 8)
    with torch.no_grad():
        fast = generator.temporal(z)
        middle = generator.image(z, (fast[..., 2:3] + fast[..., 3:4]) / 2)
        frames = slow_motion(generator, z, 2)[:, :, 4:7]
    torch.testing.assert_close(frames[:, :, 1:2], middle)
    assert (frames[:, :, 1] - (frames[:, :, 0] + frames[:, :, 2]) / 2).abs().max() > 1e-3


@pytest.mark.parametrize("factor", [1, 3])
def test_labels_reach_both_parts(conditional, factor):
    z, labels = seed_latents([5, 5, 5], 8), torch.tensor([0, 1, 2])
    videos = np.stack(list(decode(conditional, z, condition=(labels,), factor=factor)))
    with torch.no_grad():
        plain = to_bytes(conditional(z, labels)).int().numpy()
    assert np.abs(videos[:, ::factor] - plain).max() <= 1
    assert all((videos[i] != videos[j]).any() for i, j in ((0, 1), (1, 2), (0, 2)))


@pytest.mark.parametrize("batch_size", [1, 2, 16])
@pytest.mark.parametrize("factor", [1, 4])
def test_decoding_does_not_depend_on_the_batch_size(generator, batch_size, factor):
    seeds = [2, 9, 4, 6, 1]
    generator.train()
    z = seed_latents(seeds, 8)
    videos = np.stack(list(decode(generator, z, factor=factor, batch_size=batch_size)))
    assert generator.training
    generator.eval()
    plain = np.stack(list(sample_videos(generator, seeds, size=8)))
    assert videos.dtype == np.uint8
    assert np.abs(videos[:, ::factor].astype(int) - plain).max() <= 1


def test_no_more_frames_are_decoded_at_once_than_without_slow_motion(generator):
    counts = []
    hook = generator.image.register_forward_pre_hook(
        lambda _, inputs: counts.append(inputs[1].shape[0] * inputs[1].shape[2])
    )
    list(decode(generator, seed_latents(range(6), 8), factor=40, batch_size=4))
    hook.remove()
    assert max(counts) <= 4 * 16 and sum(counts) == 6 * (15 * 40 + 1)


def test_mistakes(generator):
    z = seed_latents([0, 1], 8)
    with pytest.raises(ValueError, match="slow motion 0 is below 1"):
        interpolate_time(torch.zeros(1, 2, 3), 0)
    with pytest.raises(ValueError, match="fast latents, which Linear does not have"):
        slow_motion(nn.Linear(8, 1), z, 2)
    with pytest.raises(ValueError, match="a walk of 1 steps"):
        walk(z[0], z[1], 1)
    with pytest.raises(ValueError, match="unknown walk 'slrp' .*'slerp'"):
        walk(z[0], z[1], 3, kind="slrp")
