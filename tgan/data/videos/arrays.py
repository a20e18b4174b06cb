"""Videos in `.npy` files: which axis of an array is which, and frames of one video at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np

from tgan.data.videos.decode import DecodeError, Recording, check_count, check_size
from tgan.system.archives import map_array

# N videos of T frames of H rows, W columns and C channels.
AXES = "NTHWC"
# Readings of an array without names, by its number of axes; the first that a shape allows stands
# for others that mean the same.
_READINGS = {
    3: ("THW",),
    4: ("THWC", "TCHW", "CTHW", "NTHW", "TNHW"),
    5: ("NTHWC", "NTCHW", "NCTHW"),
}
_CHANNELS = (1, 3, 4)
# Rows and columns of the smallest picture: what is smaller is an axis of channels.
_LEAST_SIDE = 5
# mnist_test_seq.npy of Moving MNIST (Srivastava et al., ICML 2015), (T, N, H, W).
_KNOWN = {(20, 10000, 64, 64): "TNHW"}


def check_axes(axes: str | None) -> None:
    """Refuse a naming of axes that says none.

    Raises:
        ValueError: T, H or W is missing, a letter comes twice, or is none of NTHWC.
    """
    if axes is None:
        return
    if len(set(axes)) != len(axes) or not set("THW") <= set(axes) <= set(AXES):
        raise ValueError(
            f"axes '{axes}' must name T, H and W, and N (videos) or C (channels) where an array "
            f"has them, each once, in its order, such as {AXES} or TNHW"
        )


def axes_of(shape: Sequence[int], axes: str | None = None, *, least: int = 1) -> str:
    """Name the axes of an array of videos.

    Args:
        axes: as the owner says; None for the one reading that the shape allows.
        least: frames that a video has at least.

    Raises:
        ValueError: the shape does not fit, or more readings than one do.

    Example:
        >>> axes_of((20, 64, 64, 3))
        'THWC'
    """
    shape = tuple(shape)
    if axes is not None:
        if len(axes) != len(shape) or not _fits(shape, axes):
            raise ValueError(f"{shape} does not fit axes {axes}{_as_channels(shape, axes)}")
        return axes
    if shape in _KNOWN:
        return _KNOWN[shape]
    readings = [
        axes
        for axes in _READINGS.get(len(shape), ())
        if _fits(shape, axes, frames=least, side=_LEAST_SIDE)
    ]
    if len({_meaning(shape, reading) for reading in readings}) == 1:
        return readings[0]
    if not readings:
        raise ValueError(f"{shape} is no array of videos of {least} frames or more")
    found = " or ".join(f"{reading} ({_in_words(shape, reading)})" for reading in readings)
    raise ValueError(f"{shape} can be read as {found}: say which by axes")


def is_channels_last(shape: tuple[int, ...]) -> bool:
    """Tell whether four axes are those of one video (T, H, W, C)."""
    return _fits(shape, "THWC", side=_LEAST_SIDE)


def in_order(array: np.ndarray, axes: str) -> np.ndarray:
    """Return a view (N, T, H, W, C) of an array whose axes are named so."""
    order = [axes.index(axis) for axis in AXES if axis in axes]
    missing = tuple(place for place, axis in enumerate(AXES) if axis not in axes)
    return np.expand_dims(array.transpose(order), missing)


def array_axes(path: Path, axes: str | None = None, *, least: int = 1) -> str:
    """Name the axes of the videos in a `.npy` file, as `axes_of` does.

    Raises:
        DecodeError: no array of uint8, or one whose axes are not known.
    """
    try:
        return axes_of(_mapped(path).shape, axes, least=least)
    except DecodeError:
        raise
    except ValueError as error:
        raise DecodeError(path, f"an array {error}") from None


def array_shape(path: Path, axes: str) -> tuple[int, ...]:
    """Read the shape (N, T, H, W, C) of the videos in a `.npy` file.

    Args:
        axes: in the order of the array, as `array_axes` names them.

    Raises:
        DecodeError: no array of uint8 with such axes.
    """
    return _open(path, axes).shape


def read_array(path: Path, row: int, axes: str) -> Recording:
    """Open video number `row` of a `.npy` file; the others stay on disk.

    Raises:
        DecodeError: as `array_shape`.
    """
    # Opened for this video only: pages of a map that stays open would count as memory in use.
    return Recording(as_frames(_open(path, axes)[row]))


def as_frames(video: np.ndarray) -> Iterator[av.VideoFrame]:
    """Yield the frames of a video (T, H, W, C), uint8; C is 1, 3 or 4 (RGBA)."""
    for pixels in video:
        yield to_frame(pixels if pixels.shape[-1] > 1 else pixels.repeat(3, axis=-1))


def to_frame(pixels: np.ndarray) -> av.VideoFrame:
    """Make a frame of pixels (H, W, 3), uint8, or (H, W, 4) with transparency."""
    pixel_format = "rgba" if pixels.shape[-1] == 4 else "rgb24"
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=pixel_format)


def _open(path: Path, axes: str) -> np.ndarray:
    array_axes(path, axes)
    videos = in_order(_mapped(path), axes)
    check_size(path, *videos.shape[2:4])
    check_count(path, *videos.shape[:2])
    return videos


def _mapped(path: Path) -> np.ndarray:
    try:
        array = map_array(path)
    except (OSError, ValueError, EOFError) as error:
        raise DecodeError(path, f"not a NumPy array file ({error})") from error
    if array.dtype != np.uint8 or not array.size:
        found = f"{array.dtype} {array.shape}"
        raise DecodeError(path, f"videos must be uint8, from 0 to 255, not {found}")
    return array


def _fits(shape: tuple[int, ...], axes: str, *, frames: int = 1, side: int = 1) -> bool:
    _, length, height, width, channels = _sizes(shape, axes)
    # Nobody puts transparency first.
    known = _CHANNELS if axes.endswith("C") else _CHANNELS[:-1]
    return length >= frames and min(height, width) >= side and channels in known


def _meaning(shape: tuple[int, ...], axes: str) -> str:
    """The axes that are longer than one: the others can be called anything."""
    return "".join(axis for axis, size in zip(axes, shape, strict=True) if size > 1)


def _sizes(shape: tuple[int, ...], axes: str) -> tuple[int, ...]:
    sizes = dict(zip(axes, shape, strict=True))
    return tuple(sizes.get(axis, 1) for axis in AXES)


def _in_words(shape: tuple[int, ...], axes: str) -> str:
    videos, frames, height, width, channels = _sizes(shape, axes)
    return f"{videos} of {frames} frames, {height}x{width}x{channels}"


def _as_channels(shape: tuple[int, ...], axes: str) -> str:
    has_wrong = len(axes) == len(shape) and "C" in axes
    return "; channels are 1, 3 or 4" if has_wrong else ""
