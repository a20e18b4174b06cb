"""Repair of levels: what is left of broken pipes is taken away, and a way is made to the right.

Deterministic and small: a place is changed only where a part of a pipe stands alone, or where a
walker gets no further.
"""

import numpy as np

from tgan.config.tiles import TileSet
from tgan.data.tiles.rules import Walker
from tgan.levels.pipes import broken_pipes

# The empty tile.
EMPTY = 0


def repair(level: np.ndarray, tiles: TileSet, walker: Walker) -> np.ndarray:
    """Return a level that the walker can play, without broken pipes; the same one if it is so.

    Where the walker gets no further, the floor that it stands on in the farthest column is
    continued by a tile, above which one place is emptied. A level that needs more than that gets
    a floor along its whole lower edge. The floor is the first solid tile.

    Args:
        level: (rows, columns) of numbers of tiles, uint8.

    Raises:
        ValueError: no tile is solid, or the level has a single row.
    """
    if not any(tile.solid for tile in tiles.tiles):
        raise ValueError("no tile is solid (data.tiles): nobody can stand anywhere")
    if len(level) < 2:
        raise ValueError("a level of a single row has no place above a floor")
    while True:
        whole = np.where(broken_pipes(level, tiles), EMPTY, level).astype(np.uint8)
        mended = _with_way(whole, tiles, walker)
        # Every round but the last takes parts of pipes away, which are never put in.
        if (mended == level).all():
            return mended
        level = mended


def _with_way(level: np.ndarray, tiles: TileSet, walker: Walker) -> np.ndarray:
    """A level that the walker can play."""
    floor = next(number for number, tile in enumerate(tiles.tiles) if tile.solid)
    rows, columns = level.shape
    mended = level.copy()
    for _ in range(columns + 1):
        if walker.plays(mended, tiles):
            return mended
        reached = walker.reached(mended, tiles)
        farthest = np.flatnonzero(reached.any(0))
        row = np.flatnonzero(reached[:, farthest[-1]])[-1] if farthest.size else rows - 2
        column = farthest[-1] + 1 if farthest.size else 0
        _lay(mended, row, column, floor, tiles)
    for column in range(columns):
        _lay(mended, rows - 2, column, floor, tiles)
    return mended


def _lay(level: np.ndarray, row: int, column: int, floor: int, tiles: TileSet) -> None:
    """Make a place one to stand on."""
    at, below = (tiles.tiles[level[line, column]] for line in (row, row + 1))
    if at.solid or at.deadly:
        level[row, column] = EMPTY
    if not below.solid:
        level[row + 1, column] = floor
