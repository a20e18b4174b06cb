import numpy as np
import pytest

from tgan.metrics.spectrum import TemporalDistance, spectra


def clips(count=30, frames=8, size=5, seed=0):
    """Features that drift slowly."""
    rng = np.random.default_rng(seed)
    return 3 + rng.normal(size=(count, frames, size)).cumsum(1) / 4


@pytest.mark.parametrize("frames", [2, 3, 8, 9])
def test_shares_add_up(frames):
    """The constant part's and all others', by Parseval's theorem."""
    features = clips(frames=frames)
    shares = spectra(features)
    assert shares.shape == (30, frames // 2) and (shares > 0).all()
    mean = frames * np.square(features.mean(1)).sum(1) / np.square(features).sum((1, 2))
    assert np.square(shares).sum(1) + mean == pytest.approx(1)


@pytest.mark.parametrize("frequency", [1, 2, 4])
def test_a_wave_has_its_own_frequency_alone(frequency):
    wave = np.cos(2 * np.pi * frequency * np.arange(8) / 8)[None, :, None]
    expected = np.zeros(4)
    expected[frequency - 1] = 1
    assert spectra(wave)[0] == pytest.approx(expected, abs=1e-12)


def test_what_stands_still_or_shows_nothing_has_no_power():
    assert not spectra(np.repeat(clips()[:, :1], 8, axis=1)).round(9).any()
    assert not spectra(np.zeros((2, 8, 3))).any()


def distance(fake, real=None):
    metric = TemporalDistance()
    metric.add(clips(seed=1) if real is None else real, fake)
    return metric.result()["value"]


def test_it_ranks_what_frames_alone_do_not():
    real, rng = clips(seed=2), np.random.default_rng(3)
    shuffled = np.stack([clip[rng.permutation(8)] for clip in real])
    frozen = np.repeat(real[:, :1], 8, axis=1)
    floor = distance(real)
    assert distance(shuffled) > 5 * floor and distance(frozen) > 5 * floor
    assert distance(real[:, ::-1]) == pytest.approx(floor)
    # Which side is which makes no difference.
    assert distance(shuffled, real) == pytest.approx(distance(real, shuffled))


def test_without_clips_there_is_no_number():
    """Nor in the state of one that has seen none, from which another goes on."""
    empty = TemporalDistance()
    empty.load_state(TemporalDistance().state())
    assert empty.result() == {"value": None}
