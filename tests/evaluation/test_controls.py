import numpy as np
import pytest
import torch

from tests.made.stand_ins import Videos
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
    control = ControlClips(name, RealClips(Videos(), seed=1))
    together = control(4, 6)
    assert together.shape == (6, 1, 4, 8, 8) and together.abs().max() <= 1
    assert torch.equal(control(7, 2), together[3:5])


def test_real_is_unchanged_and_others_are_refused():
    real = RealClips(Videos(), seed=1)
    assert torch.equal(ControlClips("real", real)(3, 4), real(3, 4))
    with pytest.raises(ValueError, match="unknown control 'blur'"):
        ControlClips("blur", real)
