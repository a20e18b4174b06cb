"""Videos in a NumPy archive: the array `video` of a `.npz` file, and their classes beside it."""

import functools
import math
import os
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np

from tgan.data.videos.arrays import as_frames, axes_of, in_order, is_channels_last
from tgan.data.videos.decode import DecodeError, Recording, check_count, check_size
from tgan.system.archives import ArrayStream, NoArray, open_array, read_array

VIDEO = "video"
# Bytes of classes; a million names of 64 letters are as many.
MAX_LABELS = 2**28
# Frames are read in blocks of so many bytes, so that a video of any length can be read.
_BLOCK = 2**24
# A stream has one position, and folders that are not packed are scanned by several threads.
_lock = threading.Lock()


def archive_shape(path: Path, axes: str | None = None) -> tuple[int, int, int, int, int]:
    """Read the shape (N, T, H, W, C) of the videos in a `.npz` file; C is 1, 3 or 4 (RGBA).

    Args:
        axes: of the array, see `tgan.data.videos.arrays.axes_of`; by default (N, T, H, W) where
            it has four and the last is none of channels.

    Raises:
        DecodeError: no archive, no array `video` of uint8 with such axes, or one that claims more
            than the file holds.
    """
    with _errors(path):
        return _video_shape(path, open_array(path, VIDEO), axes)[0]


def read_archive(path: Path, row: int, axes: str | None = None) -> Recording:
    """Open video number `row` of a `.npz` file.

    Frames are read block by block: reading rows in their order decompresses the file once in each
    process; going back starts again.

    Args:
        axes: as of `archive_shape`.

    Raises:
        DecodeError: as `archive_shape`; and, from `frames`, a damaged file.
    """
    with _errors(path), _lock:
        shape, stored = _video_shape(path, _opened(path), axes)
    return Recording(_frames(path, row, shape[1:], stored))


def archive_labels(path: Path, key: str) -> list[str]:
    """Read the class of each video from the array `key` of a `.npz` file: numbers or text (N,).

    Raises:
        DecodeError: as `archive_shape`; no such array, or one of another kind or length.
    """
    count = archive_shape(path)[0]
    with _errors(path):
        header = open_array(path, key).header
        if header.shape != (count,) or header.dtype.kind not in "iuU":
            raise DecodeError(
                path,
                f"the array '{key}' is {header.dtype} {header.shape}; classes are whole numbers"
                f" or text ({count},)",
            )
        if header.nbytes > MAX_LABELS:
            raise DecodeError(path, f"the array '{key}' has more than {MAX_LABELS:,} bytes")
        return [str(label) for label in read_array(path, key)]


def _opened(path: Path) -> ArrayStream:
    return _kept_open(path, path.stat().st_mtime_ns, os.getpid())


@functools.lru_cache(maxsize=1)
def _kept_open(path: Path, changed: int, process: int) -> ArrayStream:
    # By process: after a fork two would share the position in the file.
    return open_array(path, VIDEO)


def _frames(path: Path, row: int, shape: tuple[int, ...], stored: str) -> Iterator[av.VideoFrame]:
    """The frames of a video (T, H, W, C), the axes of which are stored in another order."""
    sizes = dict(zip("THWC", shape, strict=True))
    size, length = math.prod(shape[1:]), shape[0]
    at_once = max(_BLOCK // size, 1)
    for first in range(0, length, at_once):
        count = min(at_once, length - first)
        with _errors(path), _lock:
            stream = _opened(path)
            stream.file.seek(stream.header.offset + (row * length + first) * size)
            pixels = stream.file.read(count * size)
        if len(pixels) < count * size:
            raise DecodeError(path, f"the array '{VIDEO}' ends in video {row}")
        block = np.frombuffer(pixels, np.uint8).reshape([(sizes | {"T": count})[a] for a in stored])
        yield from as_frames(in_order(block, stored)[0])


def _video_shape(
    path: Path, stream: ArrayStream, axes: str | None
) -> tuple[tuple[int, int, int, int, int], str]:
    """The shape (N, T, H, W, C), and the axes of one video in the order in which it is stored."""
    header = stream.header
    if header.dtype != np.uint8 or 0 in header.shape:
        found = f"{header.dtype} {header.shape}"
        raise DecodeError(path, f"the array '{VIDEO}' must be uint8, from 0 to 255, not {found}")
    if header.is_fortran:
        raise DecodeError(path, f"the array '{VIDEO}' is in Fortran order; save it in C order")
    if axes is None and len(header.shape) == 4:
        axes = "THWC" if is_channels_last(header.shape) else "NTHW"
    try:
        axes = axes_of(header.shape, axes)
    except ValueError as error:
        raise DecodeError(path, f"the array '{VIDEO}' {error}") from None
    if not axes.startswith(("NT", "T")) or axes[1:2] == "N":
        raise DecodeError(path, f"the array '{VIDEO}' has axes {axes}; N and T have to come first")
    sizes = dict(zip(axes, header.shape, strict=True))
    count, length, height, width, channels = (sizes.get(axis, 1) for axis in "NTHWC")
    check_size(path, height, width)
    check_count(path, count, length)
    return (count, length, height, width, channels), axes.removeprefix("N")


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Names the file in whatever is wrong with it."""
    try:
        yield
    except DecodeError:
        raise
    except NoArray as error:
        raise DecodeError(path, str(error)) from None
    # Reading raises what decompression does (zlib.error is none of the others).
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise DecodeError(path, f"not a NumPy archive that can be read ({error})") from error
