"""Clips on the screen and in files: a grid that a notebook plays, or a video, picture or array.

Needs neither IPython nor a server: a notebook asks an object for its HTML, which holds the video.
"""

import base64
import math
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tgan.lookup import counted
from tgan.media.layouts import as_pixels
from tgan.media.rates import check_fps
from tgan.media.video import (
    check_ending,
    check_sides,
    samples_shape,
    scale_to_show,
    write_samples,
)
from tgan.system.files import check_writable

# What a notebook shows of images and of clips: the ending of the file, its type, and the element.
_IMAGE = (".png", "image/png", "<img {attributes}>")
_VIDEO = (
    ".mp4",
    "video/mp4",
    "<video {attributes} controls autoplay loop muted playsinline></video>",
)


class ShownClips:
    """Clips side by side: a notebook plays them, and elsewhere they can be saved.

    Args:
        clips: (N, T, H, W, C), uint8.
        columns: clips in a row, N at most.
        fps: frames per second.
        scale: how often a pixel is repeated in each direction.

    Raises:
        ValueError: a picture of more pixels a side than the format takes.

    Example:
        >>> shown = show(clips)
        >>> shown.save("clips.gif")
    """

    def __init__(self, clips: np.ndarray, *, columns: int, fps: float, scale: int) -> None:
        self._clips, self._fps = clips, fps
        self._layout: dict[str, Any] = {
            "columns": columns,
            "rows": -(-len(clips) // columns),
            "scale": scale,
        }
        self._ending, self._type, self._element = _IMAGE if clips.shape[1] == 1 else _VIDEO
        *_, self._height, self._width, _ = samples_shape(self._ending, clips.shape, **self._layout)
        check_sides(f"clips{self._ending}", (self._height, self._width))

    def __repr__(self) -> str:
        count, frames, height, width, channels = self._clips.shape
        moving = f" of {frames} frames at {self._fps:g} a second"
        what = counted(count, "image") if frames == 1 else counted(count, "clip") + moving
        size = f"{height}x{width}x{channels}"
        return f"<{what}, {size}: shown in a notebook; .save(path) writes a file>"

    def _repr_html_(self) -> str:
        source = f"data:{self._type};base64,{self._encoded}"
        style = "image-rendering: pixelated; max-width: 100%; height: auto"
        size = f'width="{self._width}" height="{self._height}"'
        return self._element.format(attributes=f'src="{source}" {size} style="{style}"')

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the clips as they are shown, as `tgan.media.show.save` does.

        Raises:
            ValueError, OSError: as `tgan.media.show.save`.
        """
        layout = {name: self._layout[name] for name in ("columns", "scale")}
        return save(self._clips, path, fps=self._fps, overwrite=overwrite, **layout)

    @cached_property
    def _encoded(self) -> str:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"clips{self._ending}"
            write_samples(path, self._clips, fps=self._fps, **self._layout)
            return base64.b64encode(path.read_bytes()).decode("ascii")


def show(clips: Any, columns: int = 4, fps: float = 8, scale: int | None = None) -> ShownClips:
    """Show clips in a notebook, in a grid, row by row.

    Clips play as an MP4 in the page itself, images are a PNG. A fourth channel, transparency or
    depth, is shown in grey beside the colours.

    Args:
        clips: an array or tensor of uint8, (N, T, H, W, C), one clip (T, H, W, C) or one image
            (H, W, C), with 1, 3 or 4 channels.
        columns: clips in a row.
        fps: frames per second, 0.1 to 1000.
        scale: how often a pixel is repeated in each direction; None for as often as it takes to
            make clips 96 pixels high.

    Raises:
        ValueError: an array of another type or layout, a setting out of range, or a grid of more
            pixels a side than the format takes.

    Example:
        >>> show(np.zeros((16, 16, 64, 64, 3), np.uint8))
        <16 clips of 16 frames at 8 a second, 64x64x3: shown in a notebook; .save(path) ...>
    """
    pixels = _as_clips(clips)
    return ShownClips(pixels, **_layout(pixels, columns, fps, scale))


def save(
    clips: Any,
    path: str | Path,
    columns: int | None = None,
    fps: float = 8,
    scale: int | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Write clips into one file, in the format that its ending names, and return its path.

    `.mp4`, `.gif` and `.webp` play a grid of clips, row by row; `.png` is a grid of images, or of
    clips one row of frames each; `.npy` has the array itself, whatever the layout. The file
    appears whole or not at all.

    Args:
        clips, fps, scale: as of `show`.
        columns: clips in a row; None for a grid that is nearly square.
        overwrite: replace the file if it is there.

    Raises:
        ValueError: as of `show`, an unknown ending, or a file that is there already.
        OSError: the file cannot be written.

    Example:
        >>> save(clips, "samples.mp4", columns=4)
        PosixPath('samples.mp4')
    """
    path = Path(path)
    check_ending(path)
    check_writable(path)
    if path.exists() and not overwrite:
        raise ValueError(f"'{path}' is there already; overwrite=True replaces it")
    check_fps(path, fps)
    pixels = _as_clips(clips)
    columns = math.ceil(math.sqrt(len(pixels))) if columns is None else columns
    layout = _layout(pixels, columns, fps, scale)
    rows = -(-len(pixels) // layout["columns"])
    sizes = {"columns": layout["columns"], "rows": rows, "scale": layout["scale"]}
    check_sides(path, samples_shape(path, pixels.shape, **sizes)[-3:-1])
    write_samples(path, pixels, **layout)
    return path


def _as_clips(data: Any) -> np.ndarray:
    """An array as clips (N, T, H, W, C)."""
    pixels = as_pixels(data, ["n t h w c", "t h w c", "h w c"])
    return pixels[(None,) * (5 - pixels.ndim)]


def _layout(clips: np.ndarray, columns: int, fps: float, scale: int | None) -> dict[str, Any]:
    """The settings of a grid, checked."""
    if columns < 1:
        raise ValueError(f"columns must be at least 1, not {columns}")
    check_fps("", fps)
    if scale is not None and scale < 1:
        raise ValueError(f"scale must be at least 1, not {scale}")
    scale = scale_to_show(clips.shape[2]) if scale is None else scale
    return {"columns": min(columns, len(clips)), "fps": fps, "scale": scale}
