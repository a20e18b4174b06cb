"""Along which axis the bright thing in a clip moves."""

import numpy as np


def motion_spread(clips: np.ndarray) -> np.ndarray:
    """How far the centre of brightness travels along height and along width: (N, 2), in pixels.

    The standard deviation over time of the mean position of all pixels, each weighted by the
    square of its brightness, so that a faint background counts little. 0 for a black clip.

    Args:
        clips: (N, T, H, W, C), uint8; something bright on black.
    """
    weights = clips.mean(-1, dtype=np.float64) ** 2
    total = weights.sum((2, 3)).clip(min=1e-12)
    rows = (weights.sum(3) * np.arange(clips.shape[2])).sum(2) / total
    columns = (weights.sum(2) * np.arange(clips.shape[3])).sum(2) / total
    return np.stack([rows.std(1), columns.std(1)], axis=1)


def moves_vertically(clips: np.ndarray) -> np.ndarray:
    """Whether each clip (N, T, H, W, C), uint8, moves more along its height than its width: (N,)"""
    along_height, along_width = motion_spread(clips).T
    return along_height > along_width
