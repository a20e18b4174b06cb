import imageio.v3 as iio
import numpy as np
import pytest
import torch
from einops import rearrange

from tgan.rng.noise import Noise
from tgan.training.augment import AUGMENTATIONS, Augmentation

CLIPS, IMAGES = (3, 3, 2, 8, 16), (3, 3, 8, 16)
# Draws of every augmentation, in order, for three samples: the ends of their ranges and between,
# all of them exact in float32.
LAST = 1 - 2**-24
DRAWS = [[0.0, 0.3125, LAST], [LAST, 0.625, 0.125], [0.6875, 0.0, 0.4375]]


class Given:
    """A noise of given numbers."""

    def __init__(self, draws):
        self.draws = iter(draws)

    def uniform(self, shape, like):
        return torch.tensor(next(self.draws)).view(shape).to(like)


def samples_of(shape, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=generator) * 2 - 1).double()


def literal_flip(sample, u):
    return sample[..., ::-1] if u[0] < 0.5 else sample


def literal_colour(sample, u):
    out = sample + u[0] - 0.5
    for place in np.ndindex(out.shape[1:]):
        pixel = out[(slice(None), *place)]
        pixel[:] = pixel.mean() + (pixel - pixel.mean()) * 2 * u[1]
    return out.mean() + (out - out.mean()) * (u[2] + 0.5)


def literal_translation(sample, u):
    height, width = sample.shape[-2:]
    down = int(u[0] * (2 * (height // 8) + 1)) - height // 8
    right = int(u[1] * (2 * (width // 8) + 1)) - width // 8
    out = np.zeros_like(sample)
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                out[..., row, column] = sample[..., row - down, column - right]
    return out


def literal_shift(sample, u):
    height, width = sample.shape[-2:]
    down = int(u[0] * (2 * (height // 8) + 1)) - height // 8
    right = int(u[1] * (2 * (width // 8) + 1)) - width // 8
    out = np.zeros_like(sample)
    for row in range(height):
        for column in range(width):
            y, x = (
                min(max(at, 0), side - 1)
                for at, side in ((row - down, height), (column - right, width))
            )
            out[..., row, column] = sample[..., y, x]
    return out


def literal_cutout(sample, u):
    height, width = sample.shape[-2:]
    # Even sides of holes here, whose centre is on one of side + 1 lines between pixels.
    top = int(u[0] * (height + 1)) - height // 4
    left = int(u[1] * (width + 1)) - width // 4
    out = sample.copy()
    for row in range(top, top + height // 2):
        for column in range(left, left + width // 2):
            if 0 <= row < height and 0 <= column < width:
                out[..., row, column] = 0
    return out


LITERAL = {
    "flip": literal_flip,
    "colour": literal_colour,
    "shift": literal_shift,
    "translation": literal_translation,
    "cutout": literal_cutout,
}


@pytest.mark.parametrize("shape", [CLIPS, IMAGES], ids=["clips", "images"])
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_samples_change_as_in_a_loop_over_samples_and_pixels(name, shape):
    samples = samples_of(shape)
    changed = Augmentation([name])(samples, Given(DRAWS))
    for number, (before, after) in enumerate(zip(samples, changed, strict=True)):
        expected = LITERAL[name](before.numpy().copy(), [draw[number] for draw in DRAWS])
        np.testing.assert_allclose(after.numpy(), expected, atol=1e-12)
    assert not torch.equal(samples, changed)


@pytest.mark.parametrize("name", ["flip", "shift", "translation", "cutout"])
def test_all_frames_move_alike(name):
    clips = samples_of((5, 3, 4, 16, 16))
    changed = Augmentation([name])(clips, Noise(0))
    for t in range(4):
        frames = Augmentation([name])(clips[:, :, t], Noise(0))
        assert torch.equal(changed[:, :, t], frames)


def test_all_frames_are_coloured_alike():
    clips = samples_of((5, 3, 1, 16, 16)).expand(-1, -1, 4, -1, -1)
    changed = Augmentation(["colour"])(clips, Noise(0))
    assert torch.equal(changed, changed[:, :, :1].expand_as(changed))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_two_processes_see_what_one_sees(name):
    clips = samples_of((4, 3, 2, 16, 16))
    whole = Augmentation([name])(clips, Noise(7))
    for rank, half in enumerate(clips.chunk(2)):
        share = Augmentation([name])(half, Noise(7, rank=rank))
        assert torch.equal(share, whole[2 * rank : 2 * rank + 2])


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_samples_change_each_in_its_own_way(name):
    clips = samples_of((1, 3, 2, 16, 16)).expand(8, -1, -1, -1, -1)
    changed = Augmentation([name])(clips, Noise(0))
    assert len({tuple(sample.flatten().tolist()) for sample in changed}) > 1


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_gradients_of_first_and_second_order_reach_the_samples(name):
    samples = samples_of((2, 3, 2, 8, 8)).requires_grad_()

    def augment(x):
        return Augmentation([name])(x, Given([draw[:2] for draw in DRAWS]))

    assert torch.autograd.gradcheck(augment, samples, fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda x: augment(x).square(), samples, fast_mode=True)
    (gradient,) = torch.autograd.grad(augment(samples).sum(), samples)
    assert gradient.abs().sum() > 0


def test_flip_mirrors_half_of_the_samples():
    samples = torch.tensor([[[[0.0, 1.0]]]]).expand(4000, -1, -1, -1)
    flipped = Augmentation(["flip"])(samples, Noise(0))[:, 0, 0, 0].mean().item()
    assert flipped == pytest.approx(0.5, abs=4 * 0.5 / 4000**0.5)


@pytest.mark.parametrize("name", ["shift", "translation"])
def test_shifts_are_uniform_up_to_an_eighth_of_the_side(name):
    samples = torch.zeros(5000, 1, 16, 16)
    samples[:, :, 8, 8] = 1
    moved = Augmentation([name])(samples, Noise(0)).mean((0, 1))
    assert moved[6:11, 6:11].sum() == pytest.approx(1)
    assert moved[6:11, 6:11].sub(1 / 25).abs().max() < 4 * (1 / 25 / 5000) ** 0.5


def test_holes_are_centred_anywhere():
    # A pixel is in a hole of 8 rows if the centre is one of 8 of the 17 lines, fewer at the rim.
    lines = torch.tensor([min(8, i + 5, 20 - i) for i in range(16)]) / 17
    whole = Augmentation(["cutout"])(torch.ones(5000, 1, 16, 16), Noise(0))
    expected = 1 - lines[:, None] * lines
    assert (whole.mean((0, 1)) - expected).abs().max() < 4.5 * 0.5 / 5000**0.5


def test_colours_are_uniform_in_their_ranges():
    black = torch.zeros(4000, 3, 2, 2)
    brightness = Augmentation(["colour"])(black, Noise(0))[:, 0, 0, 0]
    assert brightness.min() > -0.5 and brightness.max() < 0.5
    assert brightness.std().item() == pytest.approx(12**-0.5, rel=0.05)
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(4000, -1, 2, 2)
    coloured = Augmentation(["colour"])(red, Noise(0))
    spread = coloured[:, 0, 0, 0] - coloured[:, 1, 0, 0]
    assert spread.min() >= 0 and 2.5 < spread.max() < 3
    assert spread.mean().item() == pytest.approx(1, rel=0.05)


def test_saturation_leaves_one_channel_alone():
    samples = samples_of((3, 1, 2, 8, 8))
    neutral = [[0.5] * 3, [0.0, 0.2, 0.9], [0.5] * 3]
    torch.testing.assert_close(Augmentation(["colour"])(samples, Given(neutral)), samples)


@pytest.mark.parametrize("name", ["cutout", "translation"])
def test_what_is_cut_or_comes_in_stays_zero_whatever_the_order_of_names(name):
    samples = samples_of((4, 3, 2, 16, 16)) + 3
    changed = Augmentation([name, "colour"])(samples, Noise(0))
    assert torch.equal(changed, Augmentation(["colour", name])(samples, Noise(0)))
    assert 0 < (changed == 0).double().mean() < 0.5


def test_no_names_change_nothing():
    samples = torch.rand(2, 5)
    assert Augmentation([])(samples, Noise(0)) is samples


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_types_of_numbers_are_kept(dtype):
    changed = Augmentation(list(AUGMENTATIONS))(samples_of(CLIPS).to(dtype), Noise(0))
    assert changed.dtype == dtype and changed.shape == CLIPS


@pytest.mark.parametrize("name", ["flip", "translation", "cutout"])
def test_half_precision_moves_as_far_as_double(name):
    samples = samples_of(CLIPS).bfloat16()
    half, double = (Augmentation([name])(x, Given(DRAWS)) for x in (samples, samples.double()))
    assert torch.equal(half.double(), double)


def test_an_unknown_name_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="'color'.*did you mean 'colour'.*cutout, flip"):
        Augmentation(["flip", "color"])


def test_samples_that_are_no_pictures_are_refused():
    with pytest.raises(ValueError, match=r"shape \(8, 2\)"):
        Augmentation(["flip"])(torch.rand(8, 2), Noise(0))


def test_a_flipped_clip_is_its_recorded_mirror(shared):
    # Files with an odd number are the mirrors of those before them, frame by frame in a strip.
    folder = shared("datasets/weizmann/actions/0")
    clip, mirror = (
        rearrange(
            torch.from_numpy(iio.imread(folder / name, plugin="pillow")[..., :3] / 127.5 - 1),
            "h (t w) c -> 1 c t h w",
            w=64,
        )
        for name in ("00000002.jpg", "00000003.jpg")
    )
    assert torch.equal(Augmentation(["flip"])(clip, Given([[0.0]])), mirror)
    assert torch.equal(Augmentation(["flip"])(clip, Given([[0.5]])), clip)
