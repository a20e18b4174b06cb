import numpy as np
import pytest

from tgan.data.tiles.windows import planes
from tgan.metrics.tiles import tile_features, tile_size


def test_features_are_shares_of_tiles_in_cells():
    levels = np.random.default_rng(0).integers(0, 3, (5, 8, 12)).astype(np.uint8)
    found = tile_features(planes(levels, 3)[:, None])
    assert found.shape == (5, tile_size(3)) and tile_size(3) == 48
    expected = [
        (level[2 * row : 2 * row + 2, 3 * column : 3 * column + 3] == tile).mean()
        for level in levels
        for row in range(4)
        for column in range(4)
        for tile in range(3)
    ]
    np.testing.assert_allclose(found.ravel(), expected)


def test_the_strongest_plane_counts():
    levels = np.random.default_rng(1).integers(0, 3, (2, 8, 8)).astype(np.uint8)
    sharp = planes(levels, 3)[:, None]
    np.testing.assert_array_equal(tile_features(sharp // 3 + 40), tile_features(sharp))


def test_sides_that_have_no_four_cells_are_refused():
    with pytest.raises(ValueError, match="levels of 10x8: multiples of 4"):
        tile_features(np.zeros((1, 1, 10, 8, 2), np.uint8))
