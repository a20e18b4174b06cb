"""Videos in a NumPy archive: the array `video` of a `.npz` file, and their classes beside it."""

import functools
import os
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from tgan.data.videos.decode import DecodeError, Recording, check_size
from tgan.data.videos.strips import to_frame
from tgan.lookup import did_you_mean

VIDEO = "video"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_BROKEN = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError)
# A stream has one position, and folders that are not packed are scanned by several threads.
_lock = threading.Lock()


@dataclass(frozen=True)
class _Stream:
    """An array of an archive, opened at its header; numbers start after `offset` bytes."""

    file: IO[bytes]
    shape: tuple[int, ...]
    dtype: np.dtype
    is_fortran: bool
    offset: int


def archive_shape(path: Path) -> tuple[int, int, int, int, int]:
    """Read the shape (N, T, H, W, C) of the videos in a `.npz` file; C is 1, 3 or 4 (RGBA).

    Raises:
        DecodeError: no archive, or no array `video` of uint8 (N, T, H, W) or (N, T, H, W, C).
    """
    with _errors(path):
        return _video_shape(path, _open(path, VIDEO))


def read_archive(path: Path, row: int) -> Recording:
    """Open video number `row` of a `.npz` file.

    The array is never whole in memory: reading rows in their order decompresses it once in each
    process; going back starts again.

    Raises:
        DecodeError: as `archive_shape`, or a damaged file.
    """
    with _errors(path), _lock:
        stream = _kept_open(path, path.stat().st_mtime_ns, os.getpid())
        shape = _video_shape(path, stream)[1:]
        size = int(np.prod(shape))
        stream.file.seek(stream.offset + row * size)
        pixels = stream.file.read(size)
    if len(pixels) < size:
        raise DecodeError(path, f"the array '{VIDEO}' ends in video {row}")
    video = np.frombuffer(pixels, np.uint8).reshape(shape)
    return Recording(map(to_frame, video if shape[-1] > 1 else video.repeat(3, axis=-1)))


def archive_labels(path: Path, key: str) -> list[str]:
    """Read the class of each video from the array `key` of a `.npz` file: numbers or text (N,).

    Raises:
        DecodeError: as `archive_shape`; no such array, or one of another kind or length.
    """
    count = archive_shape(path)[0]
    with _errors(path):
        stream = _open(path, key)
        if stream.shape != (count,) or stream.dtype.kind not in "iuU":
            raise DecodeError(
                path,
                f"the array '{key}' is {stream.dtype} {stream.shape}; classes are whole numbers"
                f" or text ({count},)",
            )
        stream.file.seek(0)
        return [str(label) for label in np.lib.format.read_array(stream.file, allow_pickle=False)]


@functools.lru_cache(maxsize=1)
def _kept_open(path: Path, changed: int, process: int) -> _Stream:
    # By process: after a fork two would share the position in the file.
    return _open(path, VIDEO)


def _open(path: Path, key: str) -> _Stream:
    archive = zipfile.ZipFile(path)
    names = [name.removesuffix(".npy") for name in archive.namelist()]
    if key not in names:
        near = did_you_mean(key, names)
        raise DecodeError(path, f"no array '{key}'{near}; it has: {', '.join(names)}")
    file = archive.open(f"{key}.npy")
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise DecodeError(path, f"the array '{key}' has an unknown format {version}")
    shape, is_fortran, dtype = _HEADERS[version](file)
    return _Stream(file, shape, dtype, is_fortran, file.tell())


def _video_shape(path: Path, stream: _Stream) -> tuple[int, int, int, int, int]:
    shape = (*stream.shape, 1) if len(stream.shape) == 4 else stream.shape
    fits = len(shape) == 5 and shape[-1] in (1, 3, 4) and 0 not in shape
    if stream.dtype != np.uint8 or not fits:
        found = f"{stream.dtype} {stream.shape}"
        raise DecodeError(
            path,
            f"the array '{VIDEO}' must be uint8 (N, T, H, W) or (N, T, H, W, 1, 3 or 4), not"
            f" {found}",
        )
    if stream.is_fortran:
        raise DecodeError(path, f"the array '{VIDEO}' is in Fortran order; save it in C order")
    check_size(path, *shape[2:4])
    return shape


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Names the file in whatever is wrong with it."""
    try:
        yield
    except DecodeError:
        raise
    except _BROKEN as error:
        raise DecodeError(path, f"not a NumPy archive that can be read ({error})") from error
