import pytest

from tgan.config.sizes import base_side, first_length, nearest_length, nearest_side


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
