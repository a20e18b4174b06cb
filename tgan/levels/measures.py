"""Measures of levels: how many can be played, are whole, new, and of the tiles that they should be.

Local faults show in `known_patterns`, copies in `new`, collapse in `different`.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tgan.config.tiles import TileSet
from tgan.data.tiles.rules import Walker, playable_share
from tgan.data.tiles.windows import Levels
from tgan.levels.pipes import broken_pipes
from tgan.rng import Stream, numpy_rng

# Rows and columns of a pattern.
PATTERN = 3


class Reference:
    """Levels that others are compared with: those that a run was trained on.

    Args:
        levels: of any sizes.
        tiles: of all of them.
        window: height and width of what is compared.
    """

    def __init__(self, levels: Levels, tiles: TileSet, window: tuple[int, int]) -> None:
        self.levels, self.tiles, self.window = levels, tiles, window
        self._patterns = {
            pattern for level in self._all() for pattern in _pieces(level, (PATTERN, PATTERN))
        }

    def _all(self) -> Iterator[np.ndarray]:
        return (self.levels[index] for index in range(len(self.levels)))

    def known_patterns(self, levels: np.ndarray) -> float:
        """Measure which share of patterns of 3x3 tiles of levels occurs in these levels, too."""
        pieces = [p for level in levels for p in _pieces(level, (PATTERN, PATTERN))]
        return float(np.mean([piece in self._patterns for piece in pieces]))

    def new_share(self, levels: np.ndarray) -> float:
        """Measure which share of levels (N, height, width) is no window of these levels."""
        wanted = [level.tobytes() for level in levels]
        distinct = set(wanted)
        found = {p for level in self._all() for p in _pieces(level, self.window) if p in distinct}
        return float(np.mean([level not in found for level in wanted]))


def measure(
    levels: np.ndarray, tiles: TileSet, *, walker: Walker | None, reference: Reference
) -> dict[str, float]:
    """Measure levels (N, rows, columns), uint8, as shares from 0 to 1.

    Args:
        walker: whose rules they are played by; None measures no `playable`.
        reference: the levels that a run was trained on.

    Returns:
        `playable`: those that a walker can play; `whole_pipes`: those without broken pipes;
        `new`: those that are no window of training levels; `different`: different ones among
        them; `known_patterns`: of their 3x3 patterns, those that occur in training levels.
    """
    scores = {} if walker is None else {"playable": playable_share(levels, tiles, walker)}
    return scores | {
        "whole_pipes": float(np.mean([not broken_pipes(each, tiles).any() for each in levels])),
        "new": reference.new_share(levels),
        "different": len({level.tobytes() for level in levels}) / len(levels),
        "known_patterns": reference.known_patterns(levels),
    }


def independent_places(levels: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Make as many levels (N, rows, columns) whose places know nothing of each other: a baseline.

    Each place has the tile that a level drawn for that place alone has there.
    """
    count, rows, columns = levels.shape
    drawn = numpy_rng(Stream.LEVELS, seed).integers(count, size=levels.shape)
    return levels[drawn, np.arange(rows)[:, None], np.arange(columns)]


def tile_shares(levels: np.ndarray, tiles: TileSet) -> dict[str, float]:
    """Measure which share of places each tile has, by its name."""
    counts = np.bincount(levels.ravel(), minlength=len(tiles))
    return dict(zip(tiles.names, (counts / levels.size).tolist(), strict=True))


def _pieces(level: np.ndarray, shape: tuple[int, int]) -> list[bytes]:
    """All pieces of a shape that a level has, as bytes."""
    if level.shape[0] < shape[0] or level.shape[1] < shape[1]:
        return []
    pieces = sliding_window_view(level, shape).reshape(-1, *shape)
    return [piece.tobytes() for piece in pieces]
