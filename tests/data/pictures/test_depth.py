import numpy as np
import pytest

from tgan.data.pictures.depth import (
    bytes_of,
    crop_depth,
    depth_of,
    fill_holes,
    measured_within,
    raw_depth,
)

NAN = np.nan


def test_near_is_1_far_is_255_and_0_is_kept_for_holes():
    depth = np.array([NAN, 100, 500, 900, 3, 5000])
    assert bytes_of(depth, [100, 900]).tolist() == [0, 1, 128, 255, 1, 255]


def test_bytes_go_back_to_the_units_of_the_file():
    levels = np.arange(256, dtype=np.uint8)
    depth = depth_of(levels, [500, 6000])
    assert np.isnan(depth[0]) and depth[1] == 500 and depth[255] == 6000
    np.testing.assert_allclose(np.diff(depth[1:]), 5500 / 254, rtol=1e-4)
    np.testing.assert_array_equal(bytes_of(depth, [500, 6000]), levels)
    generous = depth_of(levels, [500, 6000], holes_to=5)
    assert np.isnan(generous[:6]).all() and (generous[6:] == depth[6:]).all()
    exact = np.random.default_rng(0).uniform(500, 6000, 1000)
    found = depth_of(bytes_of(exact, [500, 6000]), [500, 6000])
    assert np.abs(found - exact).max() <= 5500 / 254 / 2 + 1e-3


@pytest.mark.parametrize("bounds", [[5, 5], [6, 5], [-1, 5], [1, np.inf], [NAN, 5], [1], [1, 2, 3]])
def test_bounds_that_are_none_are_refused(bounds):
    for convert in (bytes_of, depth_of):
        with pytest.raises(ValueError, match="data.depth_bounds .*: two numbers, near < far"):
            convert(np.ones(3), bounds)


@pytest.mark.parametrize(
    "values", [np.array([0, 7, 65535], np.uint16), np.array([0.0, 7.0, 65535.0, NAN, np.inf, -3])]
)
def test_what_is_not_positive_and_finite_is_a_hole(values):
    depth = raw_depth(values)
    assert depth.dtype == np.float32 and depth[1:3].tolist() == [7, 65535]
    assert np.isnan(depth[[0, *range(3, len(values))]]).all()


def test_holes_take_the_nearest_measured_depth():
    rng = np.random.default_rng(0)
    depth = rng.uniform(1, 9, (12, 15))
    holes = rng.random(depth.shape) < 0.7
    filled = fill_holes(np.where(holes, NAN, depth))
    np.testing.assert_array_equal(filled[~holes], depth[~holes])
    measured = np.argwhere(~holes)
    for place in np.argwhere(holes):
        distances = np.linalg.norm(measured - place, axis=1)
        nearest = measured[np.isclose(distances, distances.min())]
        assert filled[tuple(place)] in depth[tuple(nearest.T)]
    with pytest.raises(ValueError, match="no measured pixel"):
        fill_holes(np.full((3, 3), NAN))


@pytest.mark.parametrize("resolution", [3, 5, 8, 20])
def test_resized_depth_is_never_between_two_depths(resolution):
    depth = np.where(np.arange(16) < 7, 2.0, 9.0) * np.ones((12, 1))
    depth[3:6, 2:5] = NAN
    cut = crop_depth(depth, (1, 2, 10), resolution)
    assert cut.shape == (resolution, resolution)
    assert np.isin(cut[~np.isnan(cut)], [2.0, 9.0]).all() and np.isnan(cut).any()
    # The edge, six pixels from the left of ten, stays where it was.
    centres = (np.arange(resolution) + 0.5) * 10 / resolution
    np.testing.assert_array_equal(cut[-1], np.where(centres < 6, 2.0, 9.0))


def test_a_square_of_its_own_size_is_cut_as_it_is():
    depth = np.arange(20.0).reshape(4, 5)
    np.testing.assert_array_equal(crop_depth(depth, (2, 1, 3), 3), depth[1:4, 2:5])


def test_measurements_within_bounds_are_found():
    depth = np.array([NAN, 3.0, 10.0])
    assert measured_within(depth, (10, 20)) and not measured_within(depth, (4, 9))
