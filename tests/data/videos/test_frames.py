"""Squares of frames whose pixels are no squares."""

import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

import tgan.data.videos.folder as folder_module
from tgan.data.packed.prepare import prepare
from tgan.data.videos.decode import read_video
from tgan.data.videos.folder import VideoFolder
from tgan.data.videos.frames import Fitter

SIDE = 48
CODECS = {
    "a.mp4": ("libx264", "yuv420p", {"crf": "1"}),
    # Transparency is read by another decoder, which turns frames by itself.
    "a.webm": ("libvpx", "yuva420p", {"auto-alt-ref": "0", "crf": "4", "b": "4M"}),
}


def write_disc(path, aspect, width, height, *, turn=0):
    """Three frames of a disc, a circle on the screen, in pixels of an aspect."""
    rows, columns = np.ogrid[:height, :width]
    x, y = (columns + 0.5 - width / 2) * float(aspect), rows + 0.5 - height / 2
    radius = 0.3 * min(width * aspect, height)
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = np.where(x**2 + y**2 < radius**2, 235, 16)[..., None]
    codec, kind, options = CODECS[path.name]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, kind
        stream.codec_context.sample_aspect_ratio = aspect
        if turn:
            stream.set_display_rotation(turn)
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=kind)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def state_aspect(path, aspect):
    """Let the container state it, which PyAV's own does not."""
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="FFmpeg's program is not here")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-c", "copy"]
    other = path.with_stem("b")
    subprocess.run([*command, "-aspect", str(aspect), str(other)], check=True)
    other.replace(path)


def error(square):
    """The mean distance of a square from one with the disc, in levels."""
    grid = (np.arange(SIDE) + 0.5 - SIDE / 2) / (0.3 * SIDE)
    truth = np.where(np.hypot(*np.meshgrid(grid, grid)) < 1, 235, 16)
    return np.abs(square[..., 0].astype(int) - truth).mean()


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize(
    ("aspect", "width", "height", "turn"),
    [
        *[("4/3", 96, 96, turn) for turn in (0, 90, 180, 270)],
        *[("1/2", 128, 64, 0), ("1/2", 128, 64, 270), ("3/2", 64, 192, 0), ("2", 96, 64, 90)],
        ("1024/765", 340, 256, 0),
    ],
)
def test_pixels_are_as_wide_as_a_player_shows_them(tmp_path, name, aspect, width, height, turn):
    path = tmp_path / name
    write_disc(path, Fraction(aspect), width, height, turn=turn)
    if path.suffix == ".webm":
        state_aspect(path, Fraction(aspect) * width / height)
    recording = read_video(path)
    found = Fitter(SIDE, pixel_aspect=recording.pixel_aspect)(next(recording.frames))
    assert error(found) < 6 < 10 < error(Fitter(SIDE)(next(recording.frames)))
    clips = VideoFolder(tmp_path, num_frames=1, resolution=SIDE)
    np.testing.assert_array_equal(clips.clip(0, 0)[0], found)
    prepare(path, tmp_path / "out", resolution=SIDE, min_frames=1, workers=1)
    packed = np.load(tmp_path / "out" / "shard-00000.npy").reshape(-1, SIDE, SIDE, 3)
    np.testing.assert_array_equal(packed[0], found)


def test_the_shape_of_pixels_is_part_of_what_data_are_known_by(tmp_path, monkeypatch):
    # All else that a fingerprint is made of is made equal: sizes, and bytes in the middle.
    monkeypatch.setattr(folder_module, "_sample", lambda path: b"")
    path, fingerprints = tmp_path / "a.mp4", []
    for aspect in ("1", "640/639", "4/3"):
        write_disc(path, Fraction(aspect), 96, 96)
        path.write_bytes(path.read_bytes().ljust(20_000, b"\0"))
        fingerprints.append(VideoFolder(tmp_path, num_frames=1, resolution=SIDE).fingerprint())
    square, nearly, wide = fingerprints
    assert square == nearly != wide
