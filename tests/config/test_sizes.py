from itertools import pairwise

import numpy as np
import pytest

from tgan.config.sizes import (
    base_side,
    check_size,
    first_length,
    nearest_length,
    nearest_side,
    stage_sizes,
)


def can_be_made(side: int) -> bool:
    try:
        return base_side(side) > 0
    except ValueError:
        return False


@pytest.mark.parametrize("resolution", [0, 1, 7, 9, 28, 48, 64, 72, 100, 112, 224, 500, 1080])
def test_the_nearest_side_is_one_that_can_be_made_and_none_is_nearer(resolution):
    found = nearest_side(resolution)
    assert can_be_made(found)
    gap = abs(found - resolution)
    assert not any(can_be_made(resolution + d) for d in range(1 - gap, gap))
    assert not (can_be_made(resolution - gap) and found > resolution)


@pytest.mark.parametrize(
    ("frames", "nearest"), [(1, 1), (15, 15), (16, 16), (20, 16), (32, 32), (47, 32)]
)
def test_the_nearest_length_is_the_longest_that_can_be_made(frames, nearest):
    assert nearest_length(frames) == nearest
    if frames >= 16:
        assert first_length(nearest) * 16 == nearest
        with pytest.raises(ValueError):
            first_length(nearest + 1)


def test_stages_differ_by_one_factor_and_start_from_the_coarsest_side():
    sizes = stage_sizes((72, 96), (72, 96), 5, 25)
    assert sizes[0] == (25, 33) and sizes[-1] == (72, 96)
    for (before, _), (after, _) in pairwise(sizes):
        assert after / before == pytest.approx((72 / 25) ** 0.25, abs=0.03)
    # A high picture as a wide one, and a single stage at once.
    assert stage_sizes((96, 72), (96, 72), 5, 25) == [size[::-1] for size in sizes]
    assert stage_sizes((40, 30), (40, 30), 1, 25) == [(40, 30)]


def test_other_sizes_have_the_factors_of_the_picture():
    shares = [(25 / 72) ** (place / 2) for place in (2, 1, 0)]
    found = stage_sizes((200, 50), (72, 96), 3, 25)
    assert found == [(round(200 * share), round(50 * share)) for share in shares]


def test_stages_below_what_they_see_are_refused():
    with pytest.raises(ValueError, match="picture of 20x96 .* generator.coarsest 25"):
        stage_sizes((20, 96), (20, 96), 5, 25)
    assert stage_sizes((72, 31), (72, 96), 5, 25)[0] == (25, 11)
    with pytest.raises(ValueError, match="72x30 .* start from 25x10"):
        stage_sizes((72, 30), (72, 96), 5, 25)


@pytest.mark.parametrize("size", ["20x30", (20,), 20, (20.5, 30), (20, 30, 3), ("20", "30")])
def test_what_is_no_size_is_named(size):
    for check in (check_size, lambda size: stage_sizes(size, (72, 96), 3, 25)):
        with pytest.raises(ValueError, match=r"is no \(height, width\) in whole pixels") as error:
            check(size)
        assert repr(size) in str(error.value)


def test_sizes_are_whole_numbers_of_any_library():
    for size in ((20, 30), [20, 30], (np.int64(20), 30)):
        check_size(size)
