"""Shares of tiles in the parts of levels: what `tiles` metrics compare."""

import numpy as np
from einops import reduce

# Each level is cut into 4x4 cells.
CELLS = 4


def tile_size(count: int) -> int:
    """How many features a level of `count` different tiles has."""
    return CELLS**2 * count


def tile_features(clips: np.ndarray) -> np.ndarray:
    """The share of every tile in each of 4x4 cells: (N, 16 V), float64, cell by cell.

    The tile of a place is its strongest plane, the first of equal ones.

    Args:
        clips: (N, T, S, S, V), uint8, a plane for each of V tiles; S is a multiple of 4.

    Raises:
        ValueError: S is no multiple of 4.
    """
    side, count = clips.shape[2], clips.shape[-1]
    if side % CELLS or clips.shape[3] % CELLS:
        raise ValueError(f"levels of {side}x{clips.shape[3]}: multiples of {CELLS} are needed")
    is_tile = clips.argmax(-1)[..., None] == np.arange(count)
    pattern = "n t (b h) (c w) v -> n (b c v)"
    return reduce(is_tile.astype(np.float64), pattern, "mean", b=CELLS, c=CELLS)
