"""Windows of levels as clips of one frame, with a plane for every tile."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tgan.config.tiles import TileSet, check_window
from tgan.lookup import counted


class Levels(Protocol):
    """Levels by number: arrays (rows, columns) of numbers of tiles, uint8."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class TileWindows:
    """Windows (1, S, S, V), uint8, cut from levels at every row and column that they fit at.

    Of the V planes of a place the one of its tile is 255 and all others are 0. A window smaller
    than S x S lies in the upper left corner; the rest is the first tile, the empty one.

    Args:
        levels: of any sizes, if they have names, into all of which the window fits.
        tiles: V of them.
        window: rows and columns.
        resolution: S, at least as large.
        names: of the levels, where they have some.

    Raises:
        ValueError: a window that is larger than S x S, or than a level.

    Example:
        >>> windows = TileWindows(levels, TileSet.of(), window=(14, 28), resolution=32)
        >>> windows.shape, windows.num_starts(0)
        ((1, 32, 32, 10), 73)
    """

    levels: Levels
    tiles: TileSet
    window: tuple[int, int]
    resolution: int
    names: Sequence[str] = ()
    num_frames: int = field(default=1, init=False)
    labels: list[str] = field(default_factory=list, init=False)
    skipped: list[tuple[str, str]] = field(default_factory=list, init=False)
    num_too_short: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        check_window(self.window, self.resolution)
        # Levels without names are all of one size.
        for index, name in enumerate(self.names or ["0"]):
            rows, columns = self.levels[index].shape
            if rows < self.window[0] or columns < self.window[1]:
                raise ValueError(
                    f"level {name} has {counted(rows, 'row')} of {columns} tiles; a window of "
                    f"{self.window[0]}x{self.window[1]} (data.window, height x width) does not "
                    "fit into it"
                )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(1, S, S, V) of every clip."""
        return 1, self.resolution, self.resolution, len(self.tiles)

    def __len__(self) -> int:
        return len(self.levels)

    def num_starts(self, index: int) -> int:
        """Count the windows of a level."""
        down, across = self._places(index)
        return down * across

    def label(self, index: int) -> None:
        """Return None: levels have no classes."""

    def tiles_at(self, index: int, start: int = 0) -> np.ndarray:
        """Return window `start` of a level, counted row by row: numbers of tiles, uint8."""
        _, across = self._places(index)
        row, column = divmod(start, across)
        height, width = self.window
        return self.levels[index][row : row + height, column : column + width]

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Return window `start` of a level as a clip (1, S, S, V), uint8."""
        padded = np.zeros((self.resolution, self.resolution), np.uint8)
        padded[: self.window[0], : self.window[1]] = self.tiles_at(index, start)
        return planes(padded, len(self.tiles))[None]

    def fingerprint(self) -> str:
        """Compute a SHA-256 of the tiles' characters, of the window and of the first levels."""
        digest = hashlib.sha256(f"{self.tiles.characters} {self.window} {len(self)}".encode())
        for index in range(min(len(self), _FINGERPRINTED)):
            level = self.levels[index]
            digest.update(f"{level.shape}".encode() + level.tobytes())
        return digest.hexdigest()

    def _places(self, index: int) -> tuple[int, int]:
        """How many rows and columns a window can begin at."""
        rows, columns = self.levels[index].shape
        return rows - self.window[0] + 1, columns - self.window[1] + 1


# Levels that a fingerprint reads: all of a folder, unless it is a large one.
_FINGERPRINTED = 1000


def planes(level: np.ndarray, count: int) -> np.ndarray:
    """Give each of `count` tiles a plane: numbers (...) become bytes (..., count), 0 or 255."""
    return (level[..., None] == np.arange(count)).astype(np.uint8) * 255


def tiles_of(clips: np.ndarray, window: Sequence[int]) -> np.ndarray:
    """Take the strongest plane of every place of clips of one frame: (N, height, width), uint8.

    The first of equally strong ones counts. What lies outside of the window is cut off.

    Args:
        clips: (N, 1, S, S, V), uint8, such as samples.
        window: height and width.
    """
    height, width = window
    return clips[:, 0, :height, :width].argmax(-1).astype(np.uint8)
