"""Speckle: the power of the finest details of a clip.

Networks that look at small or pooled frames do not see a checkerboard of single pixels; the eye
does (`ratio_speckle`).
"""

import numpy as np


def speckle(clips: np.ndarray) -> np.ndarray:
    """The mean variance within 2x2 pixels, per channel, in squared levels: (N, C), float64.

    Over all squares of all frames; it is what Haar wavelets of the finest scale keep.

    Args:
        clips: (N, T, H, W, C), uint8, with sides of 2 at least.
    """
    means, squares = clips.astype(np.float64), np.square(clips, dtype=np.float64)
    for axis in (2, 3):
        means, squares = (_mean_of_neighbours(each, axis) for each in (means, squares))
    return (squares - means**2).mean((1, 2, 3))


def _mean_of_neighbours(values: np.ndarray, axis: int) -> np.ndarray:
    size = values.shape[axis]
    first, second = (values.take(range(k, size - 1 + k), axis) for k in (0, 1))
    return (first + second) / 2
