"""Shards of a packed folder: NumPy files of frames, read by position.

They are read, not mapped into memory: a file that is cut short, or a disk that fails, while a map
of it is in use ends the process without a word.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tgan.system.archives import read_header

_AGAIN = "prepare the videos again"
# Files that are kept open.
_MOST_OPEN = 64
# Samples of a fingerprint, over all shards but two of each at least, and the bytes of each.
_SAMPLES, _SAMPLE_BYTES = 256, 4096


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{number:05d}.npy"


def frames_start(path: Path, shape: tuple[int, int, int, int]) -> int:
    """Check that a shard holds frames of this shape, (frames, H, W, C), and say where they start.

    Raises:
        ValueError: the file is missing, cut short or too long, or holds something else.
    """
    try:
        with path.open("rb") as file:
            header = read_header(file)
            start, size = header.offset, os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: {_AGAIN}") from None
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}): {_AGAIN}") from error
    if header.shape != shape or header.dtype != np.uint8 or header.is_fortran:
        found = f"{header.dtype} {header.shape}"
        raise ValueError(f"{path} should hold uint8 {shape}, but holds {found}")
    expected = start + int(np.prod(shape))
    if size != expected:
        raise ValueError(f"{path} is damaged ({size:,} bytes, not {expected:,}): {_AGAIN}")
    return start


class Shards:
    """The frames of all shards of a folder, read by shard and position.

    Args:
        folder: of the shards.
        lengths: frames of each.
        frame_shape: (H, W, C).

    Raises:
        ValueError: as `frames_start`.
    """

    def __init__(
        self, folder: Path, lengths: Sequence[int], frame_shape: tuple[int, int, int]
    ) -> None:
        self._paths = [folder / shard_name(number) for number in range(len(lengths))]
        self._frame_shape, self._frame_bytes = frame_shape, int(np.prod(frame_shape))
        # Damage is better found now than in the middle of training.
        self._starts = [
            frames_start(path, (length, *frame_shape))
            for path, length in zip(self._paths, lengths, strict=True)
        ]
        self._sizes = [
            start + length * self._frame_bytes
            for start, length in zip(self._starts, lengths, strict=True)
        ]
        self._open: OrderedDict[int, BinaryIO] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, shard: int, first: int, span: int, stride: int) -> np.ndarray:
        """Read every `stride`-th of `span` frames from frame `first` on: (frames, H, W, C), uint8.

        Raises:
            OSError: the file cannot be read, or has been cut short since it was opened; the text
                names it.
        """
        frames = np.empty((len(range(0, span, stride)), *self._frame_shape), np.uint8)
        place = self._starts[shard] + first * self._frame_bytes
        with self._lock:
            if stride == 1:
                self._fill(frames, shard, place)
            else:
                for number, frame in enumerate(frames):
                    self._fill(frame, shard, place + number * stride * self._frame_bytes)
        frames.flags.writeable = False
        return frames

    def fingerprint(self) -> str:
        """Compute a SHA-256 of the sizes of all shards and of samples of their bytes.

        Raises:
            OSError: as `read`.
        """
        digest = hashlib.sha256()
        each = max(2, _SAMPLES // max(len(self._sizes), 1))
        for shard, size in enumerate(self._sizes):
            digest.update(size.to_bytes(8, "little"))
            last = max(size - _SAMPLE_BYTES, 0)
            for place in np.linspace(0, last, each).astype(np.int64).tolist():
                sample = np.empty(min(_SAMPLE_BYTES, size), np.uint8)
                with self._lock:
                    self._fill(sample, shard, place)
                digest.update(sample.tobytes())
        return digest.hexdigest()

    def _fill(self, out: np.ndarray, shard: int, place: int) -> None:
        """Fill an array with the bytes of a shard from `place` on."""
        path = self._paths[shard]
        try:
            count = _read_into(self._file(shard), memoryview(out).cast("B"), place)
        except OSError as error:
            raise OSError(f"{path} cannot be read: {error.strerror}") from None
        if count < out.nbytes:
            raise OSError(f"{path} has been cut short since it was opened: {_AGAIN}")

    def _file(self, shard: int) -> BinaryIO:
        if shard in self._open:
            self._open.move_to_end(shard)
            return self._open[shard]
        if len(self._open) >= _MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        self._open[shard] = self._paths[shard].open("rb", buffering=0)
        return self._open[shard]

    def __getstate__(self) -> dict:
        return {**vars(self), "_open": None, "_lock": None}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state, _open=OrderedDict(), _lock=threading.Lock())


def _read_into(file: BinaryIO, out: memoryview, place: int) -> int:
    """Read bytes from `place` on into a buffer, and return how many there were."""
    done = 0
    while done < len(out):
        if hasattr(os, "preadv"):
            # Processes that were forked share the position in the file.
            count = os.preadv(file.fileno(), [out[done:]], place + done)
        else:
            file.seek(place + done)
            count = file.readinto(out[done:])
        if not count:
            break
        done += count
    return done
