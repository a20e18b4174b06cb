"""Reconstructions per time step and their errors, against plain loops."""

import numpy as np
import pytest

from tests.truths import tadgan as literal
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import windows_of
from tgan.anomaly.series.scoring import reconstruction_errors as errors
from tgan.anomaly.series.scoring.reconstruction_errors import (
    ERRORS,
    area_errors,
    late_warped_errors,
    mean_squared_error,
    point_errors,
    reconstruct,
    reconstruct_middles_stream,
    reconstruct_stream,
    warped_errors,
)

RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    ("count", "length", "channels"), [(1, 1, 1), (1, 6, 2), (4, 6, 1), (30, 6, 2), (7, 7, 1)]
)
def test_reconstruction_is_the_median_over_covering_windows(count, length, channels):
    windows = RNG.normal(size=(count, length, channels))
    np.testing.assert_array_equal(reconstruct(windows), literal.reconstruct(windows))


@pytest.mark.parametrize("sizes", [[40], [1] * 40, [3, 0, 30, 7]])
def test_batches_give_what_the_whole_gives_as_early_as_possible(sizes):
    windows = RNG.normal(size=(40, 6, 2)).astype(np.float32)
    parts = list(reconstruct_stream(np.split(windows, np.cumsum(sizes)[:-1])))
    np.testing.assert_array_equal(
        np.concatenate(parts), literal.reconstruct(windows.astype(np.float64))
    )
    assert [len(part) for part in parts] == [size for size in sizes if size] + [5]


def test_chunks_do_not_show(monkeypatch):
    windows, values, made = (RNG.normal(size=shape) for shape in ((50, 6, 1), (50, 2), (50, 2)))
    expected = reconstruct(windows), warped_errors(values, made)
    monkeypatch.setattr(errors, "_CHUNK", 7)
    np.testing.assert_array_equal(reconstruct(windows), expected[0])
    np.testing.assert_array_equal(warped_errors(values, made), expected[1])


def test_a_series_comes_back_from_its_own_windows():
    values = RNG.normal(size=(50, 2))
    np.testing.assert_array_equal(reconstruct(windows_of(values, 8)), values)


def test_no_windows_and_values_that_are_not_finite():
    assert list(reconstruct_stream([])) == []
    with pytest.raises(ValueError, match="not finite"):
        reconstruct(np.full((3, 4, 1), np.nan))


@pytest.mark.parametrize("size", [1, 4, 11, 12, 60])
def test_area_is_the_difference_of_two_integrals(size):
    values, made = RNG.normal(size=(2, size, 1))
    expected = literal.area_errors(values[:, 0], made[:, 0])
    np.testing.assert_allclose(area_errors(values, made), expected, atol=1e-13)


def test_a_huge_sample_has_no_area_elsewhere():
    values, made = RNG.normal(size=(2, 60, 1))
    expected = literal.area_errors(values[:, 0], made[:, 0])
    values[20] = 1e20
    found = area_errors(values, made)
    far = np.r_[:16, 26:60]
    assert (np.delete(found, far) > 1e15).all()
    np.testing.assert_allclose(found[far], expected[far], atol=1e-13)


@pytest.mark.parametrize("size", [1, 4, 11, 12, 60])
def test_warping_against_the_table_of_each_pair(size):
    values, made = RNG.normal(size=(2, size, 1))
    one, other = np.pad(values[:, 0], 5), np.pad(made[:, 0], 5)
    expected = [literal.warping(one[t : t + 11], other[t : t + 11]) for t in range(size)]
    np.testing.assert_allclose(warped_errors(values, made), expected, rtol=1e-13)


@pytest.mark.parametrize("size", [5, 11, 12, 13, 60])
def test_the_compatible_series_against_the_loop_it_copies(size):
    values, made = RNG.normal(size=(2, size, 1))
    expected = literal.orion_warped_errors(values[:, 0], made[:, 0])
    np.testing.assert_allclose(late_warped_errors(values, made), expected, rtol=1e-13)


def test_the_compatible_series_is_five_samples_late_and_ends_in_zeros():
    values, made = np.zeros((100, 1)), np.zeros((100, 1))
    values[[40, 97]] = 1
    ours, late = warped_errors(values, made), late_warped_errors(values, made)
    assert np.flatnonzero(ours).tolist() == [*range(35, 46), *range(92, 100)]
    assert np.flatnonzero(late).tolist() == [*range(40, 51)]  # 92 would be at 97, in the tail


def test_warping_forgives_a_shift_that_points_do_not():
    time = np.arange(200)
    values, made = (np.exp(-(((time - at) / 1.5) ** 2))[:, None] for at in (100, 102))
    assert point_errors(values, made).max() > 0.5
    assert warped_errors(values, made)[100] < 0.2


@pytest.mark.parametrize("name", ERRORS)
def test_channels_are_averaged(name):
    values, made = RNG.normal(size=(2, 40, 3))
    alone = [ERRORS[name](values[:, [c]], made[:, [c]]) for c in range(3)]
    np.testing.assert_allclose(ERRORS[name](values, made), np.mean(alone, 0), rtol=1e-12)
    assert ERRORS[name](values, values).max() == 0


@pytest.mark.parametrize("sizes", [[30], [1] * 30, [2, 0, 25, 3], [4, 26]])
@pytest.mark.parametrize("margin", [0, 1, 3])
def test_middles_count_where_there_are_some(sizes, margin):
    windows = np.random.default_rng(4).normal(size=(30, 8, 2))
    parts = np.split(windows, np.cumsum(sizes)[:-1])
    found = np.concatenate(list(reconstruct_middles_stream(iter(parts), margin)))
    whole = reconstruct(windows)
    assert found.shape == whole.shape == (37, 2)
    middle = reconstruct(windows[:, margin : 8 - margin])
    np.testing.assert_array_equal(found[margin : 37 - margin], middle)
    # No step of a middle lies in the ends.
    np.testing.assert_array_equal(found[:margin], whole[:margin])
    np.testing.assert_array_equal(found[37 - margin :], whole[37 - margin :])


def test_middles_of_fewer_windows_than_margins():
    windows = np.random.default_rng(4).normal(size=(2, 9, 1))
    found = np.concatenate(list(reconstruct_middles_stream(iter(windows[:, None]), 4)))
    np.testing.assert_array_equal(found[:4], reconstruct(windows)[:4])
    np.testing.assert_array_equal(found[4:6, 0], windows[:, 4, 0])
    np.testing.assert_array_equal(found[6:], reconstruct(windows)[6:])


# Channel a is halved and shifted by 1, channel b shifted by 2 alone.
SCALER = Scaler(means=np.array([1.0, 7]), minima=np.array([0.0, 2]), maxima=np.array([4.0, 2]))


def test_what_is_missing_does_not_count():
    values = np.array([[0.0, 2], [4, np.nan], [np.nan, 5]])
    made = np.array([[0.0, 0], [1, 99], [99, 1]])
    # Of -1, 0, 1 and 3 against 0, 0, 1 and 1.
    assert mean_squared_error(values, made, SCALER) == pytest.approx((1 + 0 + 0 + 4) / 4)


def test_a_reconstruction_may_be_one_row_for_all():
    values = np.array([[0.0, 2], [4, 3]])
    assert mean_squared_error(values, np.array([[0.0, 1]]), SCALER) == pytest.approx(
        (1 + 1 + 1 + 0) / 4
    )
