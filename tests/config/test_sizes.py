import pytest

from tgan.config.sizes import base_side, nearest_side


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
