"""`frechet_pooled192`: a quick distance between sets of clips that needs no network.

Of images, clips of one frame, it is `frechet_pooled32`.

Good for seeing whether training gets anywhere; no published metric, and not comparable across
resolutions or numbers of frames.
"""

from collections.abc import Iterable

import numpy as np
from einops import rearrange

from tgan.metrics.frechet import GaussianStatistics

# Each clip is cut into 4 spans of time x 4 x 4 squares, an image into 4 x 4.
CELLS = 4


def pooled_size(num_frames: int) -> int:
    """How many features a clip has: 192, or 32 of an image."""
    return 2 * CELLS**2 if num_frames == 1 else 3 * CELLS**3


def pooled_features(clips: np.ndarray) -> np.ndarray:
    """Brightness, contrast and motion of clips on a 4x4x4 grid of cells: (N, 192), float64.

    In each cell: the mean grey value, its standard deviation, and the mean absolute difference
    between neighbouring frames, all with grey in [-1, 1]. An image has no motion, and 4x4 cells:
    (N, 32).

    Args:
        clips: (N, T, H, W, C), uint8; T (unless it is 1), H and W are multiples of 4.

    Raises:
        ValueError: T, H or W is no multiple of 4.
    """
    is_image = clips.shape[1] == 1
    if any(size % CELLS for size in clips.shape[1 + is_image : 4]):
        raise ValueError(f"clips of shape {clips.shape[1:]}: T, H and W must be multiples of 4")
    grey = clips.mean(-1, dtype=np.float64) / 127.5 - 1
    if is_image:
        cells = _cells(grey, spans=1)
        return np.concatenate([cells.mean(-1), cells.std(-1)], axis=1)
    motion = np.abs(np.diff(grey, axis=1, prepend=grey[:, :1]))
    cells, moves = _cells(grey), _cells(motion)
    return np.concatenate([cells.mean(-1), cells.std(-1), moves.mean(-1)], axis=1)


def pooled_statistics(batches: Iterable[np.ndarray]) -> GaussianStatistics:
    """Mean and covariance of the pooled features of batches of clips (N, T, H, W, C).

    Raises:
        ValueError: there is no batch, or as `pooled_features`.
    """
    statistics = None
    for clips in batches:
        statistics = statistics or GaussianStatistics(pooled_size(clips.shape[1]))
        statistics.add(pooled_features(clips))
    if statistics is None:
        raise ValueError("pooled statistics of no clips")
    return statistics


def _cells(values: np.ndarray, *, spans: int = CELLS) -> np.ndarray:
    """(N, T, H, W) to (N, spans * 16, values per cell)."""
    return rearrange(
        values,
        "n (a t) (b h) (c w) -> n (a b c) (t h w)",
        a=spans,
        b=CELLS,
        c=CELLS,
    )
