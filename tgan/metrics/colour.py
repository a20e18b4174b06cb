"""The mean colour of what moves before a dark background, frame by frame."""

import numpy as np

# Levels; a pixel with no channel above counts as background.
DARK = 32


def object_colours(clips: np.ndarray) -> np.ndarray:
    """Mean colour of the pixels that are not dark, per frame, in levels: (N, T, C), float64.

    NaN in a frame without any such pixel.

    Args:
        clips: (N, T, H, W, C), uint8.

    Source: Tulyakov et al. 2018 (MoCoGAN), section 4, for shapes on black; what counts as
    background there is not stated.
    """
    shown = (clips > DARK).any(-1)
    counts = shown.sum((2, 3))[..., None]
    sums = np.where(shown[..., None], clips, 0).sum((2, 3), dtype=np.float64)
    return np.where(counts, sums / np.maximum(counts, 1), np.nan)
