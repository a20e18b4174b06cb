import numpy as np
import pytest

from tgan.data.sampler import ClipSampler


def test_every_video_comes_once_per_pass_whatever_the_batch_size():
    for batch_size in (1, 3, 8, 25):
        sampler = ClipSampler(10, batch_size=batch_size, seed=0)
        drawn = np.concatenate([sampler.batch(k)[0] for k in range(60 // batch_size + 1)])
        for number in range(5):
            assert sorted(drawn[number * 10 : number * 10 + 10]) == list(range(10))


def test_draws_do_not_depend_on_how_they_are_batched():
    small, large = (ClipSampler(7, batch_size=b, seed=3) for b in (2, 6))
    for which in (0, 1):
        pieces = np.concatenate([small.batch(k)[which] for k in range(6)])
        np.testing.assert_array_equal(
            pieces, np.concatenate([large.batch(k)[which] for k in (0, 1)])
        )


def test_any_batch_can_be_asked_for_first():
    sampler = ClipSampler(100, batch_size=4, seed=0)
    later = sampler.batch(1000)
    sampler.batch(0)
    np.testing.assert_array_equal(later[0], ClipSampler(100, batch_size=4, seed=0).batch(1000)[0])


def test_positions_fill_the_unit_interval():
    sampler = ClipSampler(5, batch_size=2000, seed=0)
    positions = sampler.batch(0)[1]
    assert positions.min() >= 0 and positions.max() < 1
    counts = np.histogram(positions, 10, (0, 1))[0]
    assert counts.min() > 150


def test_seeds_give_different_orders():
    a, b = (ClipSampler(50, batch_size=50, seed=s).batch(0)[0] for s in (0, 1))
    assert (a != b).any()


@pytest.mark.parametrize("sizes", [(0, 4), (4, 0)])
def test_nothing_to_draw_is_refused(sizes):
    with pytest.raises(ValueError):
        ClipSampler(sizes[0], batch_size=sizes[1], seed=0)
