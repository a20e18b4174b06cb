"""Display matrices and EXIF orientations of videos: the picture is the one that is shown."""

import gc
import io
import struct

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.made.numbered_videos import write_video
from tgan.data.videos.decode import read_video
from tgan.data.videos.frames import Fitter
from tgan.data.videos.orientation import display_matrix, displayed_size

# Four colours in a wide picture: every turn and every mirror image of it is another one.
CORNERS = np.array([[[250, 20, 20], [20, 250, 20]], [[20, 20, 250], [240, 240, 20]]], np.uint8)
PICTURE = CORNERS.repeat(24, axis=0).repeat(32, axis=1)
MATRICES = [
    (across, 0, 0, down) if upright else (0, across, down, 0)
    for upright in (True, False)
    for across in (1, -1)
    for down in (1, -1)
]


def with_matrix(path, matrix):
    """Replace the display matrix in the header of an MP4 file."""
    data = path.read_bytes()
    identity = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    at = data.index(identity, data.index(b"tkhd"))
    a, b, c, d = (round(value * (1 << 16)) for value in matrix)
    changed = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:at] + changed + data[at + 36 :])
    return path


def shown_corners(frame):
    """The colours in the corners of a frame as it is fitted, (2, 2, 3)."""
    return Fitter(32, aspect="stretch")(frame)[4::24, 4::24].astype(int)


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_picture_is_turned_and_mirrored_as_the_display_matrix_says(tmp_path, matrix):
    path = write_video(tmp_path / "a.mp4", [PICTURE] * 2, pix_fmt="yuv444p", options={"qp": "1"})
    # QuickTime: a point (x, y), y downwards, is shown at (a x + c y, b x + d y).
    a, b, c, d = matrix
    expected = np.empty((2, 2, 3), int)
    for y in (-1, 1):
        for x in (-1, 1):
            shown_x, shown_y = a * x + c * y, b * x + d * y
            expected[int(shown_y > 0), int(shown_x > 0)] = CORNERS[int(y > 0), int(x > 0)]
    for frame in read_video(with_matrix(path, matrix)).frames:
        np.testing.assert_allclose(shown_corners(frame), expected, atol=6)
        assert displayed_size(frame) == ((64, 48) if a else (48, 64))


@pytest.mark.parametrize(
    ("degrees", "nearest"), [(10, 0), (44, 0), (46, 90), (100, 90), (-80, -90), (179, 180)]
)
def test_other_angles_are_taken_as_the_nearest_right_angle(tmp_path, degrees, nearest):
    path = write_video(tmp_path / "a.mp4", [PICTURE], pix_fmt="yuv444p", options={"qp": "1"})
    pictures = []
    for angle in np.deg2rad([degrees, nearest]):
        cos, sin = np.cos(angle), np.sin(angle)
        turned = with_matrix(write_video(path, [PICTURE]), (cos, sin, -sin, cos))
        pictures.append(shown_corners(next(read_video(turned).frames)))
    np.testing.assert_array_equal(*pictures)


def test_a_matrix_of_zeros_turns_nothing(tmp_path):
    path = with_matrix(write_video(tmp_path / "a.mp4", [PICTURE]), (0, 0, 0, 0))
    np.testing.assert_allclose(shown_corners(next(read_video(path).frames)), CORNERS, atol=12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_in_motion_jpeg_is_carried_out(tmp_path, orientation):
    # FFmpeg 8.1 makes a display matrix of it, beside side data that PyAV does not know.
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image = Image.fromarray(PICTURE)
    image.save(file, "JPEG", exif=exif, quality=95, subsampling=0)
    path = tmp_path / "a.mjpeg"
    path.write_bytes(file.getvalue() * 3)
    frames = list(read_video(path).frames)
    if orientation > 1 and (display_matrix(frames[0]) == np.eye(2)).all():
        pytest.skip("this FFmpeg reads no EXIF in videos")
    expected = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    height, width = expected.shape[:2]
    corners = expected[height // 8 :: height * 3 // 4, width // 8 :: width * 3 // 4]
    assert len(frames) == 3
    for frame in frames:
        np.testing.assert_allclose(shown_corners(frame), corners, atol=6)


def test_frames_do_not_pile_up(tmp_path):
    # Whoever asks a frame of PyAV for its side data keeps it until Python collects cycles.
    path = write_video(tmp_path / "a.mp4", [PICTURE] * 12)
    fit = Fitter(16)
    gc.collect()
    gc.disable()
    try:
        for frame in read_video(path).frames:
            fit(frame)
            displayed_size(frame)
        del frame
        alive = [x for x in gc.get_objects() if type(x) is av.VideoFrame and x.width == 64]
    finally:
        gc.enable()
    assert not alive
