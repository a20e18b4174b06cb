"""Pipes of levels: whether the four tiles of which they are made stand as they should.

A pipe is two tiles wide: `<>` above rows of `[]`, on something solid that is no pipe, or on the
lower edge. What the left or right edge of a window cuts in two is whole. Tile sets without these
four characters have no pipes.
"""

import numpy as np

from tgan.config.tiles import TileSet

TOP, BODY = "<>", "[]"


def has_pipes(tiles: TileSet) -> bool:
    """Tell whether there are tiles for pipes."""
    return set(TOP + BODY) <= set(tiles.characters)


def broken_pipes(level: np.ndarray, tiles: TileSet) -> np.ndarray:
    """Find the parts of pipes that belong to no whole one: (rows, columns), bool."""
    if not has_pipes(tiles):
        return np.zeros(level.shape, bool)
    top, body = ([tiles.number(character) for character in pair] for pair in (TOP, BODY))
    solid = np.array([tile.solid for tile in tiles.tiles])
    solid[[*top, *body]] = False
    beyond = _with_partners(level, top, body)
    tops, bodies = _pairs(beyond, top), _pairs(beyond, body)
    # The columns beyond the edges are as solid as the ones beside them.
    ground = solid[np.pad(level, [(0, 0), (1, 1)], mode="edge")]
    carried = _carried(tops | bodies, ground[:, :-1] & ground[:, 1:])
    whole = carried & (tops | _under(tops & carried, bodies))
    marked = np.zeros(beyond.shape, bool)
    marked[:, :-1] |= whole
    marked[:, 1:] |= whole
    return np.isin(level, [*top, *body]) & ~marked[:, 1:-1]


def _with_partners(level: np.ndarray, top: list[int], body: list[int]) -> np.ndarray:
    """A level with a column at each side, in which halves of pipes at its edges are completed."""
    beyond = np.pad(level.astype(int), [(0, 0), (1, 1)], constant_values=-1)
    for left, right in (top, body):
        beyond[beyond[:, 1] == right, 0] = left
        beyond[beyond[:, -2] == left, -1] = right
    return beyond


def _pairs(level: np.ndarray, pair: list[int]) -> np.ndarray:
    """Where the two tiles of a pair are side by side: (rows, columns - 1), bool."""
    return (level[:, :-1] == pair[0]) & (level[:, 1:] == pair[1])


def _carried(parts: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Parts of pipes that stand on ground, on the lower edge, or on such parts."""
    carried = parts.copy()
    for row in reversed(range(len(parts) - 1)):
        carried[row] &= ground[row + 1] | carried[row + 1]
    return carried


def _under(tops: np.ndarray, bodies: np.ndarray) -> np.ndarray:
    """Bodies of pipes below a top, or below such bodies."""
    found = np.zeros_like(bodies)
    for row in range(1, len(bodies)):
        found[row] = bodies[row] & (tops[row - 1] | found[row - 1])
    return found
