import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from tests.truths.ffmpeg import shown_frames
from tgan.data.videos.sources import find_sources
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


COLOURS = np.array(
    [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [200, 120, 40]], np.uint8
)


def stripes(height: int) -> np.ndarray:
    """Two frames of six broad stripes of colour."""
    return np.broadcast_to(COLOURS.repeat(32, axis=0), (2, height, 192, 3))


@pytest.mark.parametrize("height", [64, 480, 720, 1080])
def test_mp4_says_which_colours_it_has_at_every_size(tmp_path, height):
    path = tmp_path / "a.mp4"
    write_video(path, stripes(height))
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        # ISO 23091-2: BT.601's matrix, BT.709's primaries, sRGB's transfer; FFmpeg: 16 to 235.
        assert (context.colorspace, context.color_primaries, context.color_trc) == (6, 1, 13)
        assert context.color_range == 1
        frame = next(container.decode(video=0))
    # What a reader makes of it that trusts the tags, by the definition.
    luma, *chroma = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[plane.height // 2].astype(float)
        for plane in frame.planes
    )
    y = (luma[16:192:32] - 16) / 219
    cb, cr = ((plane[8:96:16] - 128) / 224 for plane in chroma)
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    np.testing.assert_allclose(255 * rgb, COLOURS, atol=3)
    # And what PyAV and FFmpeg's own program make of it.
    middle = (height // 2, slice(16, 192, 32))
    np.testing.assert_allclose(frame.to_ndarray(format="rgb24")[middle], COLOURS, atol=3)
    np.testing.assert_allclose(shown_frames(path, (height, 192))[0][middle], COLOURS, atol=3)


@pytest.mark.parametrize("ending", WRITERS)
def test_a_colon_in_a_relative_path_is_part_of_a_name(tmp_path, monkeypatch, ending):
    monkeypatch.chdir(tmp_path)
    for path in (f"run:1{ending}", f"2024-05-01T12:00:00/a{ending}", f"file:x{ending}"):
        write_video(path, moving_square(channels=3))
        assert (tmp_path / path).is_file()
        if ending in (".mp4", ".gif", ".webp"):
            (source,) = find_sources([Path(path)]).sources
            assert len(list(source.read().frames)) == 16
    assert len({source.path for source in find_sources([Path()]).sources}) == 3


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


def delays(path) -> list[int]:
    """Milliseconds of each frame."""
    with Image.open(path) as image:
        shown = []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            shown.append(round(image.info["duration"]))
    return shown


@pytest.mark.parametrize("fps", [0.1, 1, 7, 8, 12, 15, 23.976, 24, 25, 29.97, 30, 48, 50])
@pytest.mark.parametrize("count", [16, 48])
@pytest.mark.parametrize(("ending", "unit"), [(".gif", 10), (".webp", 1)])
def test_animations_last_as_long_as_their_rate_says(tmp_path, ending, unit, count, fps):
    path = tmp_path / f"a{ending}"
    # Frames that are alike would be joined: each is of noise.
    video = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)
    write_video(path, video, fps=fps)
    found = delays(path)
    assert len(found) == count
    # The nearest that the format can say of the whole, and a mean frame within a millisecond.
    assert abs(sum(found) - 1000 * count / fps) <= unit / 2
    assert abs(np.mean(found) - 1000 / fps) < 1
    assert max(found) - min(found) <= unit


def test_gif_spreads_what_frames_lack(tmp_path):
    write_video(tmp_path / "a.gif", moving_square(frames=6), fps=30)
    assert delays(tmp_path / "a.gif") == [30, 30, 40, 30, 30, 40]


def test_still_and_single_frames_are_animations_too(tmp_path):
    for ending in (".gif", ".webp"):
        for name, count in {"still": 6, "single": 1}.items():
            path = tmp_path / f"{name}{ending}"
            write_video(path, np.full((count, 8, 8, 3), 7, np.uint8), fps=30)
            assert iio.imread(path, plugin="pillow", index=0).shape == (8, 8, 3)


@pytest.mark.parametrize("fps", [50.1, 60, 100, 1000])
def test_gif_refuses_what_it_cannot_play(tmp_path, fps):
    message = f"a.gif': .gif plays at most 50 frames a second, not {fps:g}; choose a lower fps, or"
    with pytest.raises(ValueError, match=message):
        write_video(tmp_path / "a.gif", moving_square(), fps=fps)
    write_video(tmp_path / "a.webp", moving_square(), fps=fps)
    assert abs(sum(delays(tmp_path / "a.webp")) - 16_000 / fps) <= 0.5
    assert [path.name for path in tmp_path.iterdir()] == ["a.webp"]


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
import hashlib, signal, sys
import numpy as np
from tgan.media import video

def deaf(path, frames, fps):
    path.touch()
    print("begun", flush=True)
    # A call into a library that hears of no signal for minutes.
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

# Whatever the tests were started with.
signal.signal(signal.SIGINT, signal.default_int_handler)
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
    try:
        assert program.stdout.readline() == b"begun\n"
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == 130
    finally:
        program.kill()
    assert list(tmp_path.iterdir()) == []
