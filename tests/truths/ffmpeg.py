"""Frames of a video as FFmpeg's own program writes them, from the wheel `imageio-ffmpeg`."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

# As exactly as the program can: its defaults save time at the edges of colours.
_EXACT = "area+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"


def shown_frames(
    path: Path, size: tuple[int, int], *, alpha_decoder: str | None = None, fps: float | None = None
) -> np.ndarray:
    """Decode a whole video, turned as it is shown, laid on black: (N, H, W, 3), float64.

    Args:
        size: height and width as shown.
        alpha_decoder: the one that gives transparency, where the usual one, which knows the colour
            tags of the file, leaves it out.
        fps: what its filter `fps` makes of it; None takes every frame once.
    """
    pixels = _decoded(path, size, None, fps)
    alpha = _decoded(path, size, alpha_decoder, fps)[..., 3:] if alpha_decoder else pixels[..., 3:]
    return pixels[..., :3] * alpha / 255


def _decoded(
    path: Path, size: tuple[int, int], decoder: str | None, fps: float | None
) -> np.ndarray:
    """(N, H, W, 4) RGBA, float64."""
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="FFmpeg's program is not here")
    # From the first frame, which has another time than 0 in AVI and MPEG.
    filters = [f"setpts=PTS-STARTPTS,fps={fps}"] * (fps is not None) + [f"scale=flags={_EXACT}"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-threads", "1"]
    command += ["-c:v", decoder] if decoder else []
    command += ["-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough"]
    command += ["-vf", ",".join(filters), "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, *size, 4).astype(float)
