import numpy as np
import pytest
import torch

from tests.made.stand_ins import Videos
from tgan.data.own.source import as_source
from tgan.evaluation import controls
from tgan.evaluation.controls import CONTROLS, ControlClips, frozen, noise, shuffled
from tgan.evaluation.streams import RealClips


def clips(count=6):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 4, 4, 3), np.uint8)


def test_frozen_shows_the_first_frame_only():
    stood = frozen(clips(), 0)
    assert (stood == clips()[:, :1]).all() and stood.shape == clips().shape


def test_shuffled_has_the_same_frames_in_another_order():
    changed = shuffled(clips(), 0)
    for before, after in zip(clips(), changed, strict=True):
        assert sorted(map(bytes, before)) == sorted(map(bytes, after))
    assert sum((a != b).any() for a, b in zip(clips(), changed, strict=True)) == 6


def test_noise_has_every_byte_and_nothing_of_the_clip():
    one, other = noise(clips(), 0), noise(np.zeros_like(clips()), 0)
    np.testing.assert_array_equal(one, other)
    assert one.dtype == np.uint8 and one.min() == 0 and one.max() == 255
    assert abs(one.mean() - 127.5) < 4


@pytest.mark.parametrize("name", CONTROLS)
def test_a_clip_depends_on_its_number_alone(name):
    control = ControlClips(name, RealClips(Videos(labels=("a", "b")), seed=1))
    together = control(4, 6)
    assert together.shape == (6, 1, 4, 8, 8) and together.abs().max() <= 1
    assert torch.equal(control(7, 2), together[3:5])


def test_real_is_unchanged_and_others_are_refused():
    real = RealClips(Videos(), seed=1)
    assert torch.equal(ControlClips("real", real)(3, 4), real(3, 4))
    with pytest.raises(ValueError, match="unknown control 'blurr' .did you mean 'blurred'"):
        ControlClips("blurr", real)


def test_time_runs_backwards_and_at_half_the_rate():
    before = clips()
    assert (controls.reversed_in_time(before, 0)[:, 0] == before[:, -1]).all()
    slow = controls.slow(before, 0)
    assert (slow[:, ::2] == before[:, :4]).all() and (slow[:, 1::2] == before[:, :4]).all()


def test_blur_takes_means_of_nine():
    spot = np.zeros((1, 1, 5, 5, 1), np.uint8)
    spot[0, 0, 2, 2] = 90
    assert controls.blurred(spot, 0)[0, 0, 1:4, 1:4, 0].tolist() == [[10] * 3] * 3
    flat = np.full((1, 2, 4, 6, 3), 77, np.uint8)
    assert (controls.blurred(flat, 0) == 77).all()


def test_grain_flicker_and_tint_are_as_strong_as_they_say():
    grey = np.full((40, 8, 4, 4, 3), 120, np.uint8)
    grain = controls.grainy(grey, 0).astype(float) - 120
    assert grain.std() == pytest.approx(8, rel=0.03) and abs(grain.mean()) < 0.2
    flicker = controls.flickering(grey, 0)
    assert (flicker == flicker[:, :, :1, :1, :1]).all()
    assert flicker.min() >= 80 and flicker.max() <= 160 and flicker[:, :, 0, 0, 0].std() > 15
    assert (controls.tinted(grey, 0) - grey == [24, 0, 0]).all()
    assert controls.tinted(grey * 2, 0).max() == 255


def test_a_crop_is_the_middle_and_a_mirror_turns_left_to_right():
    ramp = np.tile(np.arange(16, dtype=np.uint8), (1, 1, 16, 1))[..., None]
    crop = controls.cropped(ramp, 0)[0, 0, 0, :, 0]
    assert crop.min() == 2 and crop.max() == 13 and len(set(crop.tolist())) == 12
    assert (controls.mirrored(ramp, 0)[0, 0, 0, :, 0] == np.arange(16)[::-1]).all()


def test_one_video_comes_again_and_a_class_is_missing():
    videos = np.stack([np.full((8, 8, 8, 1), index, np.uint8) for index in range(6)])
    source = as_source(videos, labels=["a", "b", "a", "c", "b", "c"])
    shown = {
        name: set(control_of(name, source).real.draw(0, 24)[0].flatten().tolist())
        for name in ("repeated", "incomplete")
    }
    assert shown == {"repeated": {0}, "incomplete": {1, 3, 4, 5}}
    with pytest.raises(ValueError, match="incomplete needs clips of two classes at least"):
        control_of("incomplete", as_source(videos))


def control_of(name, source):
    return ControlClips(name, RealClips(source, seed=0))
