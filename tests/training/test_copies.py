import numpy as np
import pytest

from tgan.data.made.digits import MovingDigits
from tgan.training.copies import Copies


def digits(first, count):
    source = MovingDigits(resolution=32, num_digits=1)
    return np.stack([source.clip(index) for index in range(first, first + count)])


def noisy(clips, deviation, seed=0):
    noise = np.random.default_rng(seed).normal(0, deviation, clips.shape)
    return (clips + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def copies():
    clips = digits(0, 60)
    return Copies([clips[:50], clips[50:]], range(60))


def mixed(clips, others):
    """Half of each."""
    return ((clips.astype(np.uint16) + others) // 2).astype(np.uint8)


def test_copies_are_told_even_where_they_are_noisy(copies):
    assert copies.share(digits(3, 16)) == 1 and copies.are(digits(3, 16))
    assert copies.are(noisy(digits(3, 16), 20))


def test_a_few_copies_are_enough_and_one_is_not(copies):
    for count, enough in ((1, False), (6, True)):
        samples = np.concatenate([digits(0, count), digits(500, 16 - count)])
        assert copies.share(samples) >= count / 16 and copies.are(samples) == enough


@pytest.mark.parametrize(
    "samples",
    [
        lambda: digits(1000, 16),
        lambda: mixed(digits(0, 16), digits(16, 16)),
        lambda: np.repeat(digits(0, 60).mean(0, keepdims=True), 16, 0).astype(np.uint8),
        lambda: np.zeros((16, 16, 32, 32, 1), np.uint8),
        lambda: noisy(np.zeros((16, 16, 32, 32, 1)), 60),
    ],
)
def test_other_clips_mixtures_means_and_nothing_are_no_copies(copies, samples):
    assert not copies.are(samples())


def test_what_a_set_has_twice_tells_nothing():
    """Each clip is under two names: whoever is near to one of them may be as near by chance."""
    clips = digits(0, 30)
    twice = Copies([clips, noisy(clips, 4)], range(60))
    assert twice.chance == 1 and not twice.are(clips[:16])


def test_clips_of_one_video_say_nothing_of_each_other():
    """Cut from four videos, at starts that are near: none is the other's nearest."""
    videos = np.stack([np.concatenate([digits(k, 1)[0]] * 2) for k in range(4)])
    clips = np.concatenate([videos[:, start : start + 16] for start in (0, 1, 2)])
    copies = Copies([clips], [0, 1, 2, 3] * 3)
    assert copies.chance == pytest.approx(1 / 5)
    assert copies.are(np.repeat(videos[:, 1:17], 4, axis=0))
    assert not copies.are(digits(100, 16))


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_videos_tell_nothing(count):
    clips = digits(0, count)
    assert not Copies([clips], range(count)).are(np.repeat(clips, 16, axis=0))


def test_a_copy_is_less_than_two_fifths_of_the_way_to_another_clip():
    """Clips at 0.35 and at 0.45 of the way from one to its neighbour; the third is far."""
    first = np.zeros((1, 16, 32, 32, 3), np.uint8)
    second, third = first.copy(), first.copy()
    second[..., 0], third[..., 1] = 100, 250
    copies = Copies([np.concatenate([first, second, third])], range(3))
    for way, share in ((35, 1), (45, 0)):
        between = first.copy()
        between[..., 0] = way
        assert copies.share(between) == share
