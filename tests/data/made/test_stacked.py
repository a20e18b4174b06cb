import pickle

import numpy as np
import pytest

from tgan.config import DataConfig
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.made.digits import open_digits
from tgan.data.made.stacked import MODES, StackedDigits, mode_of


def test_every_channel_is_a_digit_and_the_mode_says_which():
    stacked, digits = StackedDigits(resolution=8), open_digits(resolution=8, channels=1)
    pictures = np.stack([digits.clip(index, 0)[0, ..., 0] for index in range(len(digits))])
    for index in range(20):
        image = stacked.clip(index)
        assert image.shape == stacked.shape == (1, 8, 8, 3) and image.dtype == np.uint8
        found = ""
        for channel in range(3):
            (same,) = np.nonzero((pictures == image[0, ..., channel]).all((1, 2)))
            found += str(digits.label(int(same[0])))
        assert f"{stacked.mode(index):03d}" == found


def test_an_image_is_a_pure_function_of_its_number():
    stacked, others = StackedDigits(size=10), StackedDigits(size=99)
    others.clip(7)
    np.testing.assert_array_equal(stacked.clip(3), others.clip(3))
    np.testing.assert_array_equal(stacked.clip(3), pickle.loads(pickle.dumps(stacked)).clip(3))  # noqa: S301
    for different in (StackedDigits(seed=1), StackedDigits(held_out=True)):
        assert not np.array_equal(stacked.clip(3), different.clip(3))
    assert not np.array_equal(stacked.clip(3), stacked.clip(4))


def test_all_modes_are_there_about_equally_often():
    stacked = StackedDigits(resolution=8)
    modes = np.array([stacked.mode(index) for index in range(20_000)])
    counts = np.bincount(modes, minlength=MODES)
    assert len(counts) == MODES and (counts > 0).all()
    # Channels are independent: a count is near that of its three digits, one by one.
    singles = [np.bincount(modes // 10**place % 10) / len(modes) for place in (2, 1, 0)]
    expected = len(modes) * np.einsum("i,j,k->ijk", *singles).ravel()
    assert ((counts - expected) ** 2 / expected).sum() < MODES + 5 * (2 * MODES) ** 0.5


def test_modes_are_read_as_numbers():
    assert mode_of(np.array([[0, 0, 0], [1, 2, 3], [9, 9, 9]])).tolist() == [0, 123, 999]


def test_settings_open_them_and_others_for_held_out():
    data = DataConfig(name="stacked_digits", resolution=16, num_frames=1, num_clips=12)
    kept, held_out = open_dataset(data), open_held_out(data)
    assert (len(kept), len(held_out)) == (12, 12) and kept.shape == (1, 16, 16, 3)
    training = open_digits(resolution=16, channels=1)
    shown = {training.clip(index, 0).tobytes() for index in range(len(training))}
    assert all(kept.clip(i)[..., :1].tobytes() in shown for i in range(12))
    assert not any(held_out.clip(i)[..., :1].tobytes() in shown for i in range(12))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"resolution": 0}, "resolution 0 is below 1"), ({"size": 0}, "size 0 is not in 1 to")],
)
def test_sizes_out_of_range_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        StackedDigits(**settings)
