import numpy as np
import pytest

from tgan.rng import Stream, numpy_rng, seed_of


def test_same_keys_same_numbers_and_other_keys_others():
    draw = [numpy_rng(Stream.ORDER, *keys).random() for keys in [(1, 2), (1, 2), (2, 1), (1,)]]
    assert draw[0] == draw[1]
    assert len(set(draw)) == 3


def test_streams_of_one_seed_differ():
    assert len({seed_of(stream, 0) for stream in Stream}) == len(Stream)


def test_neighbouring_seeds_are_unrelated():
    draws = np.array([numpy_rng(Stream.LATENTS, 0, step).random(8) for step in range(500)])
    assert abs(np.corrcoef(draws[:-1, 0], draws[1:, 0])[0, 1]) < 0.15
    assert abs(draws.mean() - 0.5) < 0.02


def test_negative_keys_are_refused():
    with pytest.raises(ValueError):
        seed_of(Stream.SAMPLES, -1)
