"""Rules of playing: which places of a level a walker who jumps can reach.

The walker is one tile large, and may be where a place is neither solid nor deadly. It stands where
the place below is solid. Standing, it may step to the left or right, or jump. A jump is a flight,
and so is a fall: in every moment of it the walker moves one row, and then, or not, one column.
Rows go up first, `height` of them at most, and then down until it stands again, or drops out of
the level, which is its end. All columns of a flight, to the left and to the right together, are
`length` at most. Above the upper row there is nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tgan.config.tiles import TileSet

# Rows, columns, or what is left of a flight.
State = tuple[int, int, int, int]


@dataclass(frozen=True)
class Walker:
    """Someone who walks and jumps from the left edge of a level to the right.

    It starts at any place to stand on in the leftmost column that has one, and has arrived at any
    such place in the rightmost column that has one. A level in which such columns are `length` or
    more away from their edge cannot be played.

    Attributes:
        height: rows of a jump.
        length: columns of a flight.

    Raises:
        ValueError: below 1.

    Example:
        >>> Walker(height=3, length=5).plays(level, TileSet.of())
        True
    """

    height: int = 3
    length: int = 5

    def __post_init__(self) -> None:
        for name in ("height", "length"):
            if getattr(self, name) < 1:
                raise ValueError(f"jump {name} {getattr(self, name)} is below 1")

    def reached(self, level: np.ndarray, tiles: TileSet) -> np.ndarray:
        """Find the places that it can stand on, from the left edge: (rows, columns), bool."""
        free, stands = _places(level, tiles)
        found = np.zeros(level.shape, bool)
        columns = np.flatnonzero(stands.any(0))
        if not columns.size or columns[0] >= self.length:
            return found
        first = columns[0]
        starts = [(int(row), int(first)) for row in np.flatnonzero(stands[:, first])]
        for row, column in self._search(starts, free.tolist(), stands.tolist()):
            found[row, column] = True
        return found

    def plays(self, level: np.ndarray, tiles: TileSet) -> bool:
        """Tell whether it gets from the left edge of a level (rows, columns) to the right."""
        return self.progress(level, tiles) == 1

    def progress(self, level: np.ndarray, tiles: TileSet) -> float:
        """Measure how far it gets: 1 where it arrives, else below 1, 0 where it cannot start.

        Else it is the number of columns up to the farthest that it stands in, by that of all.
        """
        columns = np.flatnonzero(_places(level, tiles)[1].any(0))
        if not columns.size:
            return 0.0
        width = level.shape[1]
        reached = np.flatnonzero(self.reached(level, tiles).any(0))
        if not reached.size:
            return 0.0
        if reached[-1] == columns[-1] and width - columns[-1] <= self.length:
            return 1.0
        return float(reached[-1] + 1) / (width + 1)

    def _search(
        self, starts: Iterable[tuple[int, int]], free: list[list[bool]], stands: list[list[bool]]
    ) -> set[tuple[int, int]]:
        """All places that it can stand on, from some.

        More of a jump left never hurts: of each place and rise left only the farthest flights
        are followed.
        """
        rows, columns = len(free), len(free[0])
        # By place, how many columns are left at most, for each number of rows that are left.
        best: dict[tuple[int, int], list[int]] = {}
        landed: set[tuple[int, int]] = set()
        waiting: list[State] = [(*start, self.height, self.length) for start in starts]
        while waiting:
            row, column, rise, reach = waiting.pop()
            if stands[row][column]:
                rise, reach = self.height, self.length
                landed.add((row, column))
            known = best.setdefault((row, column), [-1] * (self.height + 1))
            if known[rise] >= reach:
                continue
            for lower in range(rise + 1):
                known[lower] = max(known[lower], reach)
            if stands[row][column]:
                waiting += [
                    (row, side, 0, reach - 1)
                    for side in (column - 1, column + 1)
                    if 0 <= side < columns and free[row][side]
                ]
            moves = [(row + 1, 0)] if rise == 0 else [(row + 1, 0), (row - 1, rise - 1)]
            for height, left in moves:
                if 0 <= height < rows and free[height][column]:
                    waiting.append((height, column, left, reach))
                    waiting += [
                        (height, side, left, reach - 1)
                        for side in (column - 1, column + 1)
                        if reach and 0 <= side < columns and free[height][side]
                    ]
        return landed


def _places(level: np.ndarray, tiles: TileSet) -> tuple[np.ndarray, np.ndarray]:
    """Where the walker may be, and where it stands: (rows, columns), bool."""
    solid = np.array([tile.solid for tile in tiles.tiles])[level]
    deadly = np.array([tile.deadly for tile in tiles.tiles])[level]
    free = ~(solid | deadly)
    stands = np.zeros_like(free)
    stands[:-1] = free[:-1] & solid[1:]
    return free, stands


def standing_places(level: np.ndarray, tiles: TileSet) -> np.ndarray:
    """Find the places that a walker can stand on, reached or not: (rows, columns), bool."""
    return _places(level, tiles)[1]


def playable_share(levels: np.ndarray, tiles: TileSet, walker: Walker) -> float:
    """Measure which share of levels (N, rows, columns) the walker can play."""
    return float(np.mean([walker.plays(level, tiles) for level in levels]))
