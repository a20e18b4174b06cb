import numpy as np
import pytest

from tgan.metrics.nearest import NearestClips


def clips(seed, count):
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 6, 6, 3), np.uint8)


def test_finds_what_a_search_over_everything_finds():
    queries, pool = clips(0, 3), clips(1, 20)
    nearest = NearestClips(queries)
    for begin in range(0, 20, 6):
        nearest.add(pool[begin : begin + 6])
    for k, query in enumerate(queries):
        errors = [np.sqrt(np.square(query.astype(float) - clip).mean()) for clip in pool]
        assert nearest.distances[k] == pytest.approx(min(errors), rel=1e-12)
        np.testing.assert_array_equal(nearest.clips[k], pool[np.argmin(errors)])


def test_a_copy_is_found_and_its_distance_is_exactly_0():
    queries, pool = clips(2, 2), clips(3, 9)
    pool[4] = queries[1]
    nearest = NearestClips(queries)
    nearest.add(pool)
    assert nearest.distances[1] == 0 and nearest.distances[0] > 10


def test_state_goes_on_bit_for_bit():
    queries, pool = clips(4, 2), clips(5, 12)
    whole, first, second = (NearestClips(queries) for _ in range(3))
    for begin in (0, 6):
        whole.add(pool[begin : begin + 6])
    first.add(pool[:6])
    second.load_state(first.state())
    second.add(pool[6:])
    np.testing.assert_array_equal(second.distances, whole.distances)
    np.testing.assert_array_equal(second.clips, whole.clips)
