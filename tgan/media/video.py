"""Video files, and grids of videos, in the format that their ending names.

Frames are NumPy arrays (T, H, W, C), uint8, with 1, 3 or 4 channels; torch is not needed here. A
fourth channel, transparency or depth, is shown in grey beside the colours.
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import imageio.v3 as iio
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from einops import rearrange, repeat

from tgan.lookup import look_up
from tgan.media.rates import check_fps
from tgan.media.scaling import ONE_THREAD
from tgan.system.files import write_whole
from tgan.system.threads import call_in_thread

# Close to lossless for the eye.
_H264 = {"crf": "18"}
# What H.264 is told of its colours, by ISO 23091-2: sRGB, by the matrix of BT.601, as readers that
# look at no tag assume. FFmpeg's range 1 is 16 to 235.
_COLOURS = {"colorspace": 6, "color_range": 1, "color_primaries": 1, "color_trc": 13}
# Pixels per side: what libx264 and libwebp take, and far more than a screen for the others.
MAX_SIDES = {".mp4": 16_384, ".gif": 16_384, ".webp": 16_383, ".png": 16_384}
# Milliseconds that animations count in.
_UNITS = {".gif": 10, ".webp": 1}
# Pixels a side at which clips are shown at least.
SHOWN_SIDE = 96


def tile(videos: np.ndarray, columns: int, *, rows: int | None = None) -> np.ndarray:
    """Put videos (N, T, H, W, C) side by side, row by row: (T, rows * H, columns * W, C).

    Cells left over are black; `rows` are as many as needed unless given.

    Raises:
        ValueError: `columns` is below 1, or the grid has fewer cells than there are videos.
    """
    if columns < 1:
        raise ValueError(f"a grid of {columns} columns; at least 1 is needed")
    rows = -(-len(videos) // columns) if rows is None else rows
    missing = rows * columns - len(videos)
    if missing < 0:
        raise ValueError(f"a grid of {rows}x{columns} has fewer cells than {len(videos)} videos")
    padded = np.pad(videos, [(0, missing)] + [(0, 0)] * (videos.ndim - 1))
    return rearrange(padded, "(r k) t h w c -> t (r h) (k w) c", k=columns)


def with_fourth_beside(frames: np.ndarray) -> np.ndarray:
    """Put the fourth channel of frames (..., H, W, 4) beside the colours: (..., H, 2 W, 3).

    Other frames are returned as they are.
    """
    if frames.shape[-1] != 4:
        return frames
    return np.concatenate([frames[..., :3], frames[..., 3:].repeat(3, axis=-1)], axis=-2)


def enlarge(frames: np.ndarray, factor: int) -> np.ndarray:
    """Repeat every pixel of frames (T, H, W, C) `factor` times in both directions."""
    return frames.repeat(factor, axis=1).repeat(factor, axis=2)


def with_below(frames: np.ndarray, legend: np.ndarray | None) -> np.ndarray:
    """Put a legend (H', W, 3), if there is one, below every one of the frames (T, H, W, 3)."""
    if legend is None:
        return frames
    return np.concatenate([frames, repeat(legend, "h w c -> t h w c", t=len(frames))], axis=1)


def write_samples(
    path: str | Path,
    videos: np.ndarray,
    *,
    columns: int,
    rows: int | None = None,
    fps: float = 8,
    scale: int = 1,
    legend: Callable[[int], np.ndarray | None] = lambda width: None,
) -> None:
    """Write videos (N, T, H, W, C), uint8, together, as the ending of `path` asks for.

    A grid as of `tile` for endings that move and for images, which have one frame; one row of
    frames per video for `.png`; and the videos themselves, not enlarged, for `.npy`.

    Args:
        legend: what goes below a grid of so many pixels, (H, width, 3), if anything.

    Raises:
        ValueError, OSError: as `tile` and `write_video`.
    """
    ending = Path(path).suffix.lower()
    if ending == ".npy":
        write_whole(path, lambda part: np.save(part, videos))
        return
    videos = with_fourth_beside(videos)
    if ending == ".png" and videos.shape[1] > 1:
        stacked = rearrange(videos, "n t h w c -> t (n h) w c")
        write_video(path, enlarge(stacked, scale))
    else:
        grid = enlarge(tile(videos, columns, rows=rows), scale)
        write_video(path, with_below(grid, legend(grid.shape[2])), fps=fps)


def samples_shape(
    path: str | Path, shape: tuple[int, ...], *, columns: int, rows: int, scale: int = 1
) -> tuple[int, ...]:
    """Return the shape (..., H, W, C) that `write_samples` writes of `shape` (N, T, H, W, C)."""
    count, frames, height, width, channels = shape
    ending = Path(path).suffix.lower()
    if ending == ".npy":
        return shape
    width *= 2 if channels == 4 else 1
    if ending == ".png" and frames > 1:
        return (count * height * scale, frames * width * scale, 3)
    return (frames, rows * height * scale, columns * width * scale, 3)


def scale_to_show(side: int) -> int:
    """Return how often to repeat the pixels of a side so that it has `SHOWN_SIDE` or more."""
    return -(-SHOWN_SIDE // side)


def check_sides(path: str | Path, size: tuple[int, ...]) -> None:
    """Raise a ValueError if a picture of (height, width) is larger than its format takes.

    Args:
        path: the file, whose ending names the format.
    """
    largest = MAX_SIDES.get(Path(path).suffix.lower())
    if largest is not None and max(size) > largest:
        height, width = size
        raise ValueError(
            f"'{path}': a picture of {width}x{height} pixels, and at most {largest} a side can be "
            "written; take fewer clips, other columns or a lower scale"
        )


def check_ending(path: str | Path) -> None:
    """Raise a ValueError that lists the known endings unless `path` has one of them."""
    look_up(WRITERS, Path(path).suffix.lower(), kind="ending")


def write_video(path: str | Path, frames: np.ndarray, *, fps: float = 8) -> None:
    """Write frames (T, H, W, C), uint8, in the format that the ending of `path` names.

    `.mp4` is H.264 in yuv420p (odd sizes get a black line), `.gif` and `.webp` loop for ever,
    `.png` is a filmstrip with all frames side by side. The file appears whole or not at all.

    GIF counts time in hundredths of a second, WebP in thousandths: the clip as a whole is as long
    as it should be to half of these, and what frames lack is spread over them (at 30 frames a
    second GIF shows them for 3, 3 and 4 hundredths).

    Raises:
        ValueError: an unknown ending, frames of another type or shape, or a rate that the format
            cannot play.
        OSError: the file cannot be written.

    Example:
        >>> write_video("clip.mp4", np.zeros((16, 64, 64, 3), np.uint8), fps=12)
    """
    check_ending(path)
    check_fps(path, fps)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] not in (1, 3):
        raise ValueError(f"frames {frames.dtype}{frames.shape}; uint8 (T, H, W, 1 or 3) is needed")
    write = WRITERS[Path(path).suffix.lower()]
    # A large GIF takes minutes, in which Pillow hears of no Ctrl-C.
    write_whole(path, lambda part: call_in_thread(lambda: write(part, frames, fps)))


def _write_mp4(path: Path, frames: np.ndarray, fps: float) -> None:
    odd_rows, odd_columns = frames.shape[1] % 2, frames.shape[2] % 2
    frames = np.pad(_rgb(frames), [(0, 0), (0, odd_rows), (0, odd_columns), (0, 0)])
    # Without the protocol a colon in a relative path would end the name of one.
    place, options = f"file:{path}", {"movflags": "faststart"}
    with av.open(place, "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.options = "yuv420p", _H264
        for tag, value in _COLOURS.items():
            setattr(stream.codec_context, tag, value)
        for frame in frames:
            container.mux(stream.encode(_yuv420p(frame)))
        container.mux(stream.encode())


def _yuv420p(frame: np.ndarray) -> av.VideoFrame:
    converted = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU601,
        dst_color_range=ColorRange.MPEG,
        **ONE_THREAD,
    )
    for tag, value in _COLOURS.items():
        setattr(converted, tag, value)
    return converted


def _write_animation(path: Path, frames: np.ndarray, fps: float) -> None:
    durations = _durations(len(frames), fps, _UNITS[path.suffix.lower()])
    # Pillow takes no list for a single picture.
    duration = durations if len(durations) > 1 else durations[0]
    iio.imwrite(path, _rgb(frames), plugin="pillow", duration=duration, loop=0)


def _durations(count: int, fps: float, unit: int) -> list[int]:
    """How long each of `count` frames is shown, in milliseconds, a multiple of `unit`."""
    total = round(1000 * count / (fps * unit))
    ends = [number * total // count for number in range(count + 1)]
    return [unit * (end - begin) for begin, end in pairwise(ends)]


def _write_filmstrip(path: Path, frames: np.ndarray, fps: float) -> None:
    strip = rearrange(_rgb(frames), "t h w c -> h (t w) c")
    iio.imwrite(path, strip, plugin="pillow")


def _write_array(path: Path, frames: np.ndarray, fps: float) -> None:
    np.save(path, frames)


def _rgb(frames: np.ndarray) -> np.ndarray:
    return frames if frames.shape[-1] == 3 else frames.repeat(3, axis=-1)


WRITERS = {
    ".mp4": _write_mp4,
    ".gif": _write_animation,
    ".webp": _write_animation,
    ".png": _write_filmstrip,
    ".npy": _write_array,
}
