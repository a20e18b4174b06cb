"""`frechet_pooled192`: a quick distance between sets of clips that needs no network.

Good for seeing whether training gets anywhere; no published metric, and not comparable across
resolutions or numbers of frames.
"""

from collections.abc import Iterable

import numpy as np
from einops import rearrange

from tgan.metrics.frechet import GaussianStatistics, frechet_distance

# Each clip is cut into 4 spans of time x 4 x 4 squares; three statistics in each.
CELLS = 4
FEATURES = 3 * CELLS**3


def pooled_features(clips: np.ndarray) -> np.ndarray:
    """Brightness, contrast and motion of clips on a 4x4x4 grid of cells: (N, 192), float64.

    In each cell: the mean grey value, its standard deviation, and the mean absolute difference
    between neighbouring frames, all with grey in [-1, 1].

    Args:
        clips: (N, T, H, W, C), uint8; T, H and W are multiples of 4.

    Raises:
        ValueError: T, H or W is no multiple of 4.
    """
    if any(size % CELLS for size in clips.shape[1:4]):
        raise ValueError(f"clips of shape {clips.shape[1:]}: T, H and W must be multiples of 4")
    grey = clips.mean(-1, dtype=np.float64) / 127.5 - 1
    motion = np.abs(np.diff(grey, axis=1, prepend=grey[:, :1]))
    cells, moves = _cells(grey), _cells(motion)
    return np.concatenate([cells.mean(-1), cells.std(-1), moves.mean(-1)], axis=1)


def pooled_statistics(batches: Iterable[np.ndarray]) -> GaussianStatistics:
    """Mean and covariance of the pooled features of batches of clips (N, T, H, W, C)."""
    statistics = GaussianStatistics(FEATURES)
    for clips in batches:
        statistics.add(pooled_features(clips))
    return statistics


def frechet_pooled192(a: GaussianStatistics, b: GaussianStatistics) -> float:
    """Squared Fréchet distance between two sets of pooled features; 0 for equal statistics."""
    return frechet_distance(a, b)


def _cells(values: np.ndarray) -> np.ndarray:
    """(N, T, H, W) to (N, 64, values per cell)."""
    return rearrange(
        values,
        "n (a t) (b h) (c w) -> n (a b c) (t h w)",
        a=CELLS,
        b=CELLS,
        c=CELLS,
    )
