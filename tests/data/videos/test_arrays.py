import numpy as np
import pytest

from tgan.data.videos.arrays import array_axes, array_shape, axes_of, check_axes, read_array
from tgan.data.videos.decode import DecodeError
from tgan.data.videos.sources import find_sources

# N = 5 videos of T = 20 frames of H = 12 rows, W = 10 columns.
SIZES = {"N": 5, "T": 20, "H": 12, "W": 10, "C": 3}


def stored(axes, dtype=np.uint8):
    """An array with axes in this order, and its videos (N, T, H, W, C)."""
    sizes = {axis: SIZES[axis] if axis in axes else 1 for axis in "NTHWC"}
    videos = np.random.default_rng(0).integers(0, 256, list(sizes.values()), dtype)
    order = ["NTHWC".index(axis) for axis in axes]
    left = [place for place, axis in enumerate("NTHWC") if axis not in axes]
    return videos.transpose([*order, *left]).reshape([SIZES[axis] for axis in axes]), videos


def frames_of(path, row, axes):
    return np.stack([frame.to_ndarray() for frame in read_array(path, row, axes).frames])


@pytest.mark.parametrize(
    "axes", ["TNHW", "NTHW", "THW", "THWC", "TCHW", "CTHW", "NTHWC", "NTCHW", "NCTHW", "TNHWC"]
)
def test_every_order_of_axes_that_is_stated_gives_the_same_videos(tmp_path, axes):
    array, videos = stored(axes)
    path = tmp_path / "a.npy"
    np.save(path, array)
    assert array_shape(path, axes) == videos.shape
    for row, video in enumerate(videos):
        found = frames_of(path, row, axes)
        np.testing.assert_array_equal(found, np.broadcast_to(video, (*video.shape[:3], 3)))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((20, 10000, 64, 64), "TNHW"),
        ((4, 16, 32, 32, 3), "NTHWC"),
        ((4, 3, 16, 32, 32), "NCTHW"),
        ((4, 16, 3, 32, 32), "NTCHW"),
        ((64, 64, 64, 3), "THWC"),
        ((64, 64, 48, 4), "THWC"),
        ((40, 64, 64), "THW"),
        ((20, 2, 64, 64), "TNHW"),
        ((5, 100, 64, 64), "NTHW"),
        ((20, 1, 64, 64), "TCHW"),
        ((1, 20, 64, 64), "CTHW"),
    ],
)
def test_a_shape_tells_its_axes_where_it_can(shape, axes):
    assert axes_of(shape, least=16) == axes


@pytest.mark.parametrize(
    ("shape", "readings"),
    [
        ((30, 40, 64, 64), ["NTHW (30 of 40 frames", "TNHW (40 of 30 frames"]),
        ((20, 20, 64, 64), ["NTHW", "TNHW"]),
        ((20, 3, 64, 64), ["TCHW (1 of 20 frames, 64x64x3)", "TNHW (3 of 20 frames, 64x64x1)"]),
        ((3, 20, 64, 64), ["CTHW", "NTHW"]),
    ],
)
def test_two_readings_are_refused_with_both(tmp_path, shape, readings):
    with pytest.raises(ValueError, match="say which by axes") as caught:
        axes_of(shape, least=16)
    assert all(reading in str(caught.value) for reading in readings)


@pytest.mark.parametrize("shape", [(64, 64, 3), (8, 8), (2, 3, 4, 5, 6, 7), (4, 8, 32, 32, 3)])
def test_what_is_no_array_of_videos(shape):
    with pytest.raises(ValueError, match="is no array of videos of 16 frames or more"):
        axes_of(shape, least=16)


@pytest.mark.parametrize("axes", ["", "NTH", "NTHWX", "TTHW", "nthw", "NHW"])
def test_names_of_axes_that_say_none(axes):
    with pytest.raises(ValueError, match=f"axes '{axes}' must name T, H and W"):
        check_axes(axes)


def test_arrays_that_are_no_videos(tmp_path):
    videos, path = stored("TNHW")[0], tmp_path / "a.npy"
    for wrong in (videos / 255.0, videos.astype(np.uint16), videos[:0]):
        np.save(path, wrong)
        with pytest.raises(DecodeError, match=r"a.npy: videos must be uint8, .* not "):
            array_axes(path)
    np.save(path, np.array([{}, {}]))
    with pytest.raises(DecodeError, match="a.npy: not a NumPy array file"):
        array_axes(path)
    np.save(path, videos)
    with pytest.raises(DecodeError, match=r"a.npy: an array .* does not fit axes NTHWC"):
        array_axes(path, "NTHWC")
    with pytest.raises(DecodeError, match="does not fit axes TCHW; channels are 1, 3 or 4"):
        array_axes(path, "TCHW")


def test_what_was_not_stated_is_told(tmp_path):
    """One RGB video is not 64 grey ones; and grey ones that a length alone tells are named."""
    np.save(tmp_path / "rgb.npy", np.zeros((64, 32, 32, 3), np.uint8))
    np.save(tmp_path / "grey.npy", np.zeros((4, 20, 32, 32), np.uint8))
    np.save(tmp_path / "one.npy", np.zeros((32, 32, 24), np.uint8))
    np.save(tmp_path / "either.npy", np.zeros((20, 30, 32, 32), np.uint8))
    scan = find_sources([tmp_path])
    assert [(s.name.rpartition("/")[2], s.num_frames) for s in scan.sources] == [
        *((f"grey.npy[{row}]", 20) for row in range(4)),
        ("one.npy[0]", 32),
        ("rgb.npy[0]", 64),
    ]
    assert [text for _, text in scan.notes] == [
        "4 videos of 20 frames, taken as axes NTHW",
        # What MATLAB writes may be (H, W, T).
        "1 video of 32 frames, taken as axes THW",
    ]
    ((name, reason),) = scan.skipped
    assert name.endswith("/either.npy") and "say which by axes" in reason
