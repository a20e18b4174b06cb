"""Squares of frames whose pixels are no squares."""

from fractions import Fraction

import av
import numpy as np
import pytest

from tgan.data.packed.prepare import prepare
from tgan.data.videos.decode import read_video
from tgan.data.videos.folder import VideoFolder
from tgan.data.videos.frames import Fitter


@pytest.mark.parametrize(
    ("aspect", "width", "height"),
    [("4/3", 96, 96), ("3/4", 128, 96), ("1024/765", 340, 256), ("3/2", 64, 192), ("2", 96, 64)],
)
def test_pixels_are_as_wide_as_a_player_shows_them(tmp_path, aspect, width, height):
    # A disc on the screen, drawn with the pixels that the file has.
    aspect, side = Fraction(aspect), 48
    rows, columns = np.ogrid[:height, :width]
    x, y = (columns + 0.5 - width / 2) * float(aspect), rows + 0.5 - height / 2
    radius = 0.3 * min(width * aspect, height)
    disc = np.where(x**2 + y**2 < radius**2, 235, 16).astype(np.uint8)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        frames = [av.VideoFrame.from_ndarray(np.stack([disc] * 3, -1), format="rgb24")] * 3
        container.mux([packet for frame in frames for packet in stream.encode(frame)])
        container.mux(stream.encode())
    recording = read_video(path)
    fit = Fitter(side, pixel_aspect=recording.pixel_aspect)
    found = fit(next(recording.frames))[..., 0]
    grid = (np.arange(side) + 0.5 - side / 2) / (0.3 * side)
    truth = np.where(np.hypot(*np.meshgrid(grid, grid)) < 1, 235, 16)
    assert recording.pixel_aspect == aspect
    assert np.abs(found.astype(int) - truth).mean() < 6
    squeezed = Fitter(side)(next(recording.frames))[..., 0]
    assert np.abs(squeezed.astype(int) - truth).mean() > 10
    clips = VideoFolder(tmp_path, num_frames=1, resolution=side)
    np.testing.assert_array_equal(clips.clip(0, 0)[0, ..., 0], found)
    prepare(path, tmp_path / "out", resolution=side, min_frames=1, workers=1)
    packed = np.load(tmp_path / "out" / "shard-00000.npy")
    np.testing.assert_array_equal(packed.reshape(-1, side, side, 3)[0, ..., 0], found)
