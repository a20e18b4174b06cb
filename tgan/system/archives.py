"""NumPy's files: what the header of an array claims, compared with the bytes that are there.

An archive (`.npz`) is a ZIP file of arrays (`.npy`). Nothing is allocated on the word of a header,
and nothing is unpickled.

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np

from tgan.lookup import did_you_mean
from tgan.system.memory import check_memory

# Bytes of a header; NumPy's own are of 64 or 128.
MAX_HEADER = 10_000
# More than this deflate cannot make of a byte.
_MOST_DEFLATED = 1032
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_CHUNK = 2**24
_MOST_AXES = 32
# What the readers raise at damage, at other files, and at members that need a password.
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
    struct.error,
)
# By version: what reads a header, and the bytes of its length.
_READERS = {
    (1, 0): (np.lib.format.read_array_header_1_0, 2),
    (2, 0): (np.lib.format.read_array_header_2_0, 4),
}


class NoArray(ValueError):
    """An archive has no array of a name."""


@dataclass(frozen=True)
class ArrayHeader:
    """What an array is said to be; its numbers start `offset` bytes after its beginning.

    Attributes:
        is_fortran: whether the first axis, rather than the last, is next to itself in memory.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    is_fortran: bool
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class ArrayStream:
    """An array of an archive, opened for reading; its numbers are as many as the header tells."""

    file: IO[bytes]
    header: ArrayHeader


def open_array(path: str | Path, key: str) -> ArrayStream:
    """Open an array of an archive, of which only the header is read.

    Raises:
        ValueError: no archive, no such array, or one that is encrypted or not what it claims; the
            file is not named.
    """
    with _reasons():
        archive = zipfile.ZipFile(path)
    names = array_names(archive)
    if key not in names:
        near = did_you_mean(key, names)
        raise NoArray(f"no array '{key}'{near}; it has: {', '.join(map(str, names))}")
    return _open_member(archive, key, Path(path).stat().st_size)


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read every array of an archive.

    Raises:
        ValueError: as `open_array`, or together they are larger than the memory.
    """
    with _reasons(), zipfile.ZipFile(path) as archive:
        size = Path(path).stat().st_size
        names = dict.fromkeys(array_names(archive))
        streams = {name: _open_member(archive, name, size) for name in names}
        check_memory(sum(stream.header.nbytes for stream in streams.values()), "what it holds")
        return {name: read_stream(stream, name) for name, stream in streams.items()}


def read_array(path: str | Path, key: str) -> np.ndarray:
    """Read an array of an archive.

    Raises:
        ValueError: as `open_array`, or it is larger than the memory.
    """
    return read_stream(open_array(path, key), key)


def read_stream(stream: ArrayStream, key: str) -> np.ndarray:
    """The array of a stream that stands behind its header.

    Raises:
        ValueError: its bytes are damaged, or more than the memory.
    """
    header = stream.header
    check_memory(header.nbytes, f"the array '{key}'")
    if not header.nbytes:
        return np.zeros(header.shape, header.dtype)
    content = np.empty(header.nbytes, np.uint8)
    with _reasons(f"array '{key}': "):
        stream.file.seek(header.offset)
        for first in range(0, header.nbytes, _CHUNK):
            place = content[first : first + _CHUNK]
            place[:] = np.frombuffer(_exactly(stream.file, len(place)), np.uint8)
        # At the end the checksum is compared.
        stream.file.read(1)
    return _arranged(content, header)


def map_array(path: str | Path) -> np.ndarray:
    """Map the array of a `.npy` file into memory, read-only.

    Raises:
        ValueError: no such file, or more or less numbers than its header claims.
        OSError: it cannot be read.
    """
    with Path(path).open("rb") as file:
        header = read_header(file)
        _check_size(header, file.seek(0, io.SEEK_END) - header.offset)
    if not header.nbytes:
        return np.zeros(header.shape, header.dtype)
    content = np.memmap(path, np.uint8, "r", header.offset, (header.nbytes,))
    return _arranged(content, header)


def array_names(archive: zipfile.ZipFile) -> list[str]:
    """The names of the arrays in an archive."""
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def read_header(file: IO[bytes]) -> ArrayHeader:
    """Read the header of an array, at whose beginning a file stands.

    Raises:
        ValueError: it is none, or of objects.
    """
    version = np.lib.format.read_magic(file)
    if version not in _READERS:
        raise ValueError(f"an unknown format {version} of an array")
    read, width = _READERS[version]
    length = _exactly(file, width)
    count = int.from_bytes(length, "little")
    if count > MAX_HEADER:
        raise ValueError(f"the header is longer than {MAX_HEADER:,} bytes")
    text = _exactly(file, count)
    try:
        shape, is_fortran, dtype = read(io.BytesIO(length + text))
    except Exception:
        # It is a Python literal: damage raises nearly anything (tokenize, ast, recursion, ...).
        raise ValueError("the header cannot be read") from None
    are_counts = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape)
    if not are_counts or len(shape) > _MOST_AXES:
        raise ValueError("the header has no shape that can be used")
    return ArrayHeader(tuple(shape), dtype, bool(is_fortran), 8 + width + count)


def _open_member(archive: zipfile.ZipFile, key: str, file_size: int) -> ArrayStream:
    with _reasons(f"array '{key}': "):
        member = archive.getinfo(f"{key}.npy")
        if member.flag_bits & _ENCRYPTED:
            raise ValueError("it is encrypted")
        if member.compress_type not in _METHODS:
            raise ValueError("it is compressed in a way that NumPy does not know")
        packed = min(member.compress_size, file_size)
        if member.file_size > _MOST_DEFLATED * packed + 1024:
            raise ValueError(
                f"it claims {member.file_size:,} bytes, more than {packed:,} compressed ones hold"
            )
        file = archive.open(member)
        header = read_header(file)
        _check_size(header, member.file_size - header.offset)
    return ArrayStream(file, header)


def _arranged(content: np.ndarray, header: ArrayHeader) -> np.ndarray:
    """Bytes (nbytes,) as the array that they are."""
    order: Literal["F", "C"] = "F" if header.is_fortran else "C"
    return content.view(header.dtype).reshape(header.shape, order=order)


def _check_size(header: ArrayHeader, size: int) -> None:
    if header.dtype.hasobject:
        raise ValueError(f"it holds objects ({header.dtype}), which are not read")
    if header.nbytes != size:
        raise ValueError(
            f"the header claims {header.nbytes:,} bytes ({header.dtype} {header.shape}), and there "
            f"are {size:,}"
        )


def _exactly(file: IO[bytes], count: int) -> bytes:
    """The next `count` bytes of a file."""
    found = file.read(count)
    if len(found) < count:
        raise EOFError(f"it ends {count - len(found):,} bytes too early")
    return found


@contextmanager
def _reasons(what: str = "") -> Iterator[None]:
    """Makes one line of whatever is wrong with a file, or with `what` in it."""
    try:
        yield
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(what + reason) from error
