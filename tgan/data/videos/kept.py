"""Frames of videos that are kept in memory once they were decoded, as far as it may be taken."""

import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np

from tgan.data.channels import with_channels
from tgan.data.videos.frames import Fitter

# What Python adds to the bytes of an array.
_PER_ARRAY = 160
# Of a file: its number, its size, and when it was written.
State = tuple[int, int, int] | None


class Budget:
    """Bytes that several threads may take; what does not fit is not taken.

    Example:
        >>> budget = Budget(100)
        >>> budget.take(60), budget.take(60)
        (True, False)
    """

    def __init__(self, num_bytes: int) -> None:
        self._left, self._lock = num_bytes, threading.Lock()

    def take(self, num_bytes: int) -> bool:
        """Take so many bytes if there are as many, and tell."""
        with self._lock:
            fits = num_bytes <= self._left
            self._left -= num_bytes if fits else 0
            return fits

    def give_back(self, num_bytes: int) -> None:
        """Return what was taken."""
        with self._lock:
            self._left += num_bytes


class Keeper:
    """The squares of one video, kept while it is decoded: all of them or none.

    Args:
        paths: the files of the video, one or one for each frame.
        resolution, channels: of a square.
        budget: of all videos together.
    """

    def __init__(
        self, paths: Sequence[Path], *, resolution: int, channels: int, budget: Budget
    ) -> None:
        self._resolution, self._channels, self._budget = resolution, channels, budget
        self._states = {path: _state(path) for path in paths}
        self._fit: Fitter | None = None
        self._squares: list[np.ndarray] | None = []
        self._taken = 0

    def add(self, frame: av.VideoFrame, pixel_aspect: Fraction) -> None:
        """Keep the next frame."""
        if self._squares is None:
            return
        size = self._resolution**2 * self._channels + _PER_ARRAY
        if not self._budget.take(size):
            self.drop()
            return
        self._taken += size
        self._fit = self._fit or Fitter(self._resolution, pixel_aspect=pixel_aspect)
        try:
            self._squares.append(with_channels(self._fit(frame), self._channels))
        except (av.error.FFmpegError, ValueError, OSError):
            # Whoever asks for the clip is told why.
            self.drop()

    def drop(self) -> None:
        """Keep nothing of this video."""
        self._budget.give_back(self._taken)
        self._squares, self._taken = None, 0

    def frames(self) -> "KeptFrames | None":
        """Hand over all frames; None if they are not kept."""
        return None if self._squares is None else KeptFrames(self._squares, self._states)


class KeptFrames:
    """The squares of a video, by position, as long as its files stay as they were.

    Args:
        states: of its files, one or one for each frame, before they were read.
    """

    def __init__(self, squares: Sequence[np.ndarray], states: Mapping[Path, State]) -> None:
        self._squares, self._states = squares, list(states.items())

    def clip(self, wanted: Sequence[int]) -> np.ndarray | None:
        """Return the squares (T, H, W, C) at some positions; None if their files have changed."""
        places = wanted if len(self._states) > 1 else [0]
        for path, state in (self._states[place] for place in places):
            if state is None or _state(path) != state:
                return None
        return np.stack([self._squares[position] for position in wanted])


def _state(path: Path) -> State:
    """What changes when a file is written; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns
