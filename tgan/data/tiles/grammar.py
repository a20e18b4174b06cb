"""A small grammar of levels: grounds, gaps, pipes, stairs and platforms, without files.

    level    -> flat part flat part ... flat
    part     -> gap | bridge | pipe | stairs | hill | platform

Every level is playable by a `tgan.data.tiles.rules.Walker` who jumps 3 rows and 5 columns, by
construction: no step, gap or pipe asks for more than that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tgan.config.tiles import DEFAULT_TILES, TileSet
from tgan.rng import Stream, numpy_rng

ROWS, COLUMNS = 14, 120
# Rows of ground, at least and at most.
LOWEST, HIGHEST = 2, 5
# Levels that are kept once they are drawn, 2 kB each.
_MAX_KEPT = 10_000
_NUMBERS = {line[0]: number for number, line in enumerate(DEFAULT_TILES)}
_SKY, _GROUND, _BRICK, _BLOCK, _COIN, _ENEMY = (_NUMBERS[c] for c in "-XS?oE")
# The two rows of a pipe, the upper one first.
_PIPE = tuple(tuple(_NUMBERS[c] for c in pair) for pair in ("<>", "[]"))

# A part of a level: rows counted from below, and the rows of ground behind it.
Part = tuple[np.ndarray, int]


@dataclass(frozen=True, eq=False)
class GrammarLevels:
    """Levels (14, 120) of numbers of built-in tiles, uint8.

    Level i is a pure function of (seed, held_out, i).

    Args:
        size: number of levels.
        held_out: draw other levels.

    Raises:
        ValueError: fewer than 1 level.

    Example:
        >>> print(level_text(GrammarLevels()[0], TileSet.of()))
    """

    size: int = 10_000
    seed: int = 0
    held_out: bool = False
    _kept: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"levels: size {self.size} is below 1")

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> np.ndarray:
        if index not in self._kept:
            level = draw_level(numpy_rng(Stream.LEVELS, self.seed, int(self.held_out), index))
            if len(self._kept) >= _MAX_KEPT:
                return level
            self._kept[index] = level
        return self._kept[index]

    def __getstate__(self) -> dict:
        return {**vars(self), "_kept": {}}


def draw_level(rng: np.random.Generator) -> np.ndarray:
    """Draw a level (14, 120) of numbers of built-in tiles, uint8, its upper row first."""
    ground = int(rng.integers(LOWEST, HIGHEST + 1))
    pieces, columns = [], 0
    names = list(PARTS)
    while columns < COLUMNS:
        for make in (_flat, PARTS[names[rng.integers(len(names))]]):
            piece, ground = make(rng, ground)
            pieces.append(piece)
            columns += piece.shape[1]
    level = np.concatenate(pieces, axis=1)[::-1, :COLUMNS]
    return _without_cut_pipe(np.ascontiguousarray(level))


def _flat(rng: np.random.Generator, ground: int) -> Part:
    """Ground to walk on, with an enemy or coins on some of it."""
    piece = _land(int(rng.integers(3, 8)), ground)
    kind = rng.random()
    place = int(rng.integers(piece.shape[1]))
    if kind < 0.3:
        piece[ground, place] = _ENEMY
    elif kind < 0.5:
        piece[ground + 2, place : place + 3] = _COIN
    return piece, ground


def _gap(rng: np.random.Generator, ground: int) -> Part:
    return _land(int(rng.integers(2, 5)), 0), ground


def _bridge(rng: np.random.Generator, ground: int) -> Part:
    """A wide gap with bricks to land on in its middle."""
    before, bricks, after = rng.integers(2, 4, 3)
    piece = _land(int(before + bricks + after), 0)
    piece[ground - 1, before : before + bricks] = _BRICK
    return piece, ground


def _pipe(rng: np.random.Generator, ground: int) -> Part:
    height = int(rng.integers(2, 4))
    piece = _land(2, ground)
    piece[ground : ground + height - 1] = _PIPE[1]
    piece[ground + height - 1] = _PIPE[0]
    return piece, ground


def _stairs(rng: np.random.Generator, ground: int) -> Part:
    """Steps up and down again, a column each."""
    top = int(rng.integers(2, 5))
    heights = [*range(1, top + 1), *range(top - 1, 0, -1)]
    return np.concatenate([_land(1, ground + height) for height in heights], axis=1), ground


def _hill(rng: np.random.Generator, ground: int) -> Part:
    """Ground of another height from here on."""
    heights = [height for height in range(LOWEST, HIGHEST + 1) if height != ground]
    ground = heights[rng.integers(len(heights))]
    return _land(2, ground), ground


def _platform(rng: np.random.Generator, ground: int) -> Part:
    """Bricks and blocks to jump on, above the ground, with coins on some."""
    width = int(rng.integers(3, 7))
    piece = _land(width + 2, ground)
    piece[ground + 3, 1:-1] = np.where(rng.random(width) < 0.3, _BLOCK, _BRICK)
    if rng.random() < 0.5:
        piece[ground + 4, 1:-1] = _COIN
    return piece, ground


PARTS: dict[str, Callable[[np.random.Generator, int], Part]] = {
    "gap": _gap,
    "bridge": _bridge,
    "pipe": _pipe,
    "stairs": _stairs,
    "hill": _hill,
    "platform": _platform,
}


def _land(width: int, height: int) -> np.ndarray:
    """Sky over so many rows of ground, rows counted from below."""
    piece = np.full((ROWS, width), _SKY, np.uint8)
    piece[:height] = _GROUND
    return piece


def _without_cut_pipe(level: np.ndarray) -> np.ndarray:
    """A level without the left half of a pipe whose right half was cut off at its end."""
    left = [pair[0] for pair in _PIPE]
    level[np.isin(level[:, -1], left), -1] = _SKY
    return level


def default_tiles() -> TileSet:
    """Return the tiles that levels of this grammar are made of."""
    return TileSet.of(DEFAULT_TILES)
