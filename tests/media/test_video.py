import os
import signal
import subprocess
import sys

import av
import imageio.v3 as iio
import numpy as np
import pytest

from tgan.media.video import (
    MAX_SIDES,
    WRITERS,
    enlarge,
    samples_shape,
    tile,
    write_samples,
    write_video,
)


def moving_square(frames=16, height=64, width=96, channels=3) -> np.ndarray:
    video = np.full((frames, height, width, channels), 40, np.uint8)
    for t in range(frames):
        video[t, 8:32, 4 * t : 4 * t + 24] = 200
    return video


def test_tile_puts_videos_row_by_row_and_pads_with_black():
    videos = np.arange(1, 4, dtype=np.uint8)[:, None, None, None, None] * np.ones(
        (1, 2, 4, 5, 1), np.uint8
    )
    grid = tile(videos, 2)
    assert grid.shape == (2, 8, 10, 1)
    corners = [grid[0, r, c, 0] for r in (0, 4) for c in (0, 5)]
    assert corners == [1, 2, 3, 0]


def test_tile_keeps_rows_that_were_asked_for():
    videos = np.full((2, 1, 4, 5, 3), 7, np.uint8)
    grid = tile(videos, 2, rows=3)
    assert grid.shape == (1, 12, 10, 3)
    assert (grid[:, :4] == 7).all() and not grid[:, 4:].any()
    np.testing.assert_array_equal(tile(videos, 2, rows=1), tile(videos, 2))
    with pytest.raises(ValueError, match="1x1 has fewer cells than 2 videos"):
        tile(videos, 1, rows=1)


def test_enlarge_repeats_pixels():
    frames = np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1)
    assert enlarge(frames, 2)[0, :, :, 0].tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [2, 2, 3, 3],
        [2, 2, 3, 3],
    ]


def test_mp4_is_h264_yuv420p_and_shows_what_was_written(tmp_path):
    video = moving_square()
    write_video(tmp_path / "a.mp4", video, fps=12)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 12
        frames = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(stream)])
    assert frames.shape == video.shape
    assert np.abs(frames.astype(int) - video).mean() < 3
    # The index comes first, so that a browser can start before the file is whole.
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_odd_sizes_get_one_black_line(tmp_path):
    write_video(tmp_path / "odd.mp4", moving_square(height=33, width=41, channels=1))
    assert iio.imread(tmp_path / "odd.mp4", plugin="pyav").shape == (16, 34, 42, 3)


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_animations_loop_at_the_right_speed(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    write_video(path, moving_square(channels=1), fps=10)
    frames = iio.imread(path, plugin="pillow", index=...)
    assert frames.shape[:3] == (16, 64, 96)
    meta = iio.immeta(path, plugin="pillow")
    assert meta["loop"] == 0
    assert meta.get("duration", 100) == 100
    assert np.abs(frames[5, ..., 0].astype(int) - moving_square()[5, ..., 0]).mean() < 3


def test_png_is_a_filmstrip(tmp_path):
    video = moving_square()
    write_video(tmp_path / "a.png", video)
    strip = iio.imread(tmp_path / "a.png")
    np.testing.assert_array_equal(strip, np.concatenate(list(video), axis=1))


def test_samples_as_grid_rows_and_array(tmp_path):
    videos = np.stack([moving_square(), moving_square()[::-1]])
    for ending in (".npy", ".png", ".gif"):
        write_samples(tmp_path / f"s{ending}", videos, columns=1, scale=2)
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), videos)
    assert iio.imread(tmp_path / "s.png").shape == (2 * 2 * 64, 16 * 2 * 96, 3)
    assert iio.imread(tmp_path / "s.gif", index=...).shape[:3] == (16, 2 * 2 * 64, 2 * 96)


def test_images_make_a_grid_and_show_a_fourth_channel_beside(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 4, 5, 4), np.uint8)
    write_samples(tmp_path / "s.png", images, columns=2)
    grid = iio.imread(tmp_path / "s.png")
    assert grid.shape == (8, 20, 3) == samples_shape("s.png", images.shape, columns=2, rows=2)[-3:]
    np.testing.assert_array_equal(grid[4:, :5], images[2, 0, ..., :3])
    np.testing.assert_array_equal(grid[:4, 15:], images[1, 0, ..., 3:].repeat(3, -1))
    write_samples(tmp_path / "s.npy", images, columns=2)
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), images)


@pytest.mark.parametrize("ending", WRITERS)
def test_the_shape_of_samples_is_known_before_they_are_made(tmp_path, ending):
    path, layout = tmp_path / f"s{ending}", {"columns": 2, "rows": 3, "scale": 2}
    videos = np.random.default_rng(0).integers(0, 256, (4, 3, 32, 48, 1), np.uint8)
    write_samples(path, videos, **layout)
    if ending == ".npy":
        written = np.load(path)
    else:
        plugin = "pyav" if ending == ".mp4" else "pillow"
        index = 0 if ending == ".png" else ...
        written = iio.imread(path, plugin=plugin, index=index)
    assert written.shape == samples_shape(path, videos.shape, **layout)


@pytest.mark.parametrize("ending", MAX_SIDES)
def test_formats_take_sides_up_to_the_limit(tmp_path, ending):
    write_video(tmp_path / f"a{ending}", np.zeros((1, 16, MAX_SIDES[ending], 1), np.uint8))


def test_same_frames_same_bytes(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, moving_square())
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    ("name", "frames", "message"),
    [
        ("a.avi", moving_square(), "unknown ending '.avi'; choose from .gif, .mp4"),
        ("a.mp4", moving_square().astype(np.float32), "uint8"),
        ("a.mp4", moving_square()[0], "uint8"),
        ("a.mp4", moving_square(channels=2), "uint8"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, frames, message):
    with pytest.raises(ValueError, match=message):
        write_video(tmp_path / name, frames)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def fail(part, frames, fps):
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(WRITERS, ".mp4", fail)
    with pytest.raises(OSError, match="No space"):
        write_video(path, moving_square())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


DEAF = """
import hashlib, sys
import numpy as np
from tgan.media import video

def deaf(path, frames, fps):
    path.touch()
    print("begun", flush=True)
    # A call into a library that hears of no signal for minutes.
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

video.WRITERS[".gif"] = deaf
try:
    video.write_video(sys.argv[1], np.zeros((1, 8, 8, 3), np.uint8))
except KeyboardInterrupt:
    raise SystemExit(130)
"""


def test_ctrl_c_does_not_wait_for_a_large_file(tmp_path):
    path = os.pathsep.join(part or "." for part in sys.path)
    program = subprocess.Popen(
        [sys.executable, "-c", DEAF, tmp_path / "a.gif"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert program.stdout.readline() == b"begun\n"
    program.send_signal(signal.SIGINT)
    assert program.wait(60) == 130
    assert list(tmp_path.iterdir()) == []
