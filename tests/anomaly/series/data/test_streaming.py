"""Streams in chunks against the same functions of the whole."""

import weakref

import numpy as np
import pytest

from tgan.anomaly.series.data.series import windows_of
from tgan.anomaly.series.data.streaming import local, pieces, rolling, together, twice
from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS, OF_WHOLE_SERIES
from tgan.anomaly.series.scoring.smoothing import smooth

RNG = np.random.default_rng(3)
CUTS = [[], [1, 2, 3], [20], [0, 5, 5, 39], list(range(1, 40))]


def chunks_of(values, cuts):
    return iter(np.split(values, cuts))


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("window", [1, 2, 7, 100])
def test_smoothing_in_chunks(cuts, window):
    values = RNG.normal(size=40)
    before, after = window // 2, (window - 1) // 2
    streamed = local(
        chunks_of(values, cuts), lambda part: smooth(part, window), before=before, after=after
    )
    np.testing.assert_allclose(np.concatenate(list(streamed)), smooth(values, window), rtol=1e-12)


@pytest.mark.parametrize("error", sorted(ERRORS.keys() - OF_WHOLE_SERIES))
@pytest.mark.parametrize("cuts", CUTS)
def test_errors_in_chunks(error, cuts):
    both = RNG.normal(size=(40, 2, 3))

    def measure(part):
        return ERRORS[error](part[:, 0], part[:, 1])

    streamed = np.concatenate(list(local(chunks_of(both, cuts), measure, before=5, after=5)))
    np.testing.assert_allclose(streamed, measure(both), rtol=1e-12)


def test_too_small_a_neighbourhood_would_be_seen():
    values = RNG.normal(size=40)
    streamed = local(chunks_of(values, [20]), lambda part: smooth(part, 9), before=3, after=4)
    assert not np.allclose(np.concatenate(list(streamed)), smooth(values, 9))


def test_memory_is_bounded():
    longest = 0

    def stage(part):
        nonlocal longest
        longest = max(longest, len(part))
        return part

    parts = (np.zeros(10) for _ in range(50))
    assert sum(map(len, local(parts, stage, before=4, after=3))) == 500
    assert longest <= 10 + 4 + 3


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("size", [1, 7, 40])
def test_pieces_are_the_series_in_chunks_of_a_size_at_most(cuts, size):
    values = RNG.normal(size=(40, 2))
    found = list(pieces(chunks_of(values, cuts), size))
    np.testing.assert_array_equal(np.concatenate(found), values)
    assert all(0 < len(piece) <= size for piece in found)


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("length", [1, 6, 40])
def test_blocks_hold_every_window_once(cuts, length):
    values = RNG.normal(size=(40, 2))
    found = [windows_of(part, length) for part in rolling(chunks_of(values, cuts), length)]
    np.testing.assert_array_equal(np.concatenate(found), windows_of(values, length))


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("others", CUTS)
def test_streams_are_brought_together(cuts, others):
    values = np.arange(40)
    pairs = list(together(chunks_of(values, cuts), chunks_of(values + 1, others)))
    assert all((b == a + 1).all() for a, b in pairs)
    np.testing.assert_array_equal(np.concatenate([a for a, _ in pairs]), values)


def test_a_stream_twice_is_the_same_twice_however_it_is_asked():
    one, other = twice(iter(range(7)))
    assert [next(one), next(one), next(other), next(one)] == [0, 1, 0, 2]
    assert list(other) == [1, 2, 3, 4, 5, 6] and list(one) == [3, 4, 5, 6]
    assert next(one, None) is next(other, None) is None


def test_a_stream_twice_keeps_nothing_that_both_have_given():
    seen = []

    def chunks():
        for _ in range(20):
            chunk = np.zeros(3)
            seen.append(weakref.ref(chunk))
            yield chunk
            del chunk

    one, other = twice(chunks())
    for _ in range(15):
        next(one), next(other)
    assert [alive() is not None for alive in seen] == [False] * 13 + [False, True]


@pytest.mark.parametrize("others", [[2], [2, 1, 1], [3], [3, 0, 1]])
def test_streams_of_different_lengths_are_refused(others):
    streams = [np.zeros(3), np.zeros(0)], [np.zeros(size) for size in others]
    for pair in (streams, streams[::-1]):
        if sum(others) == 3:
            assert sum(len(one) for one, _ in together(*pair)) == 3
        else:
            with pytest.raises(ValueError, match="differ in length"):
                list(together(*pair))
