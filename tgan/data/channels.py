"""Channels of a frame: grey, colour, and what one becomes as the other."""

import numpy as np

# Weights of red, green and blue in the luma of ITU-R BT.601, as in Pillow's conversion to grey.
LUMA = (0.299, 0.587, 0.114)
_PER_MILLE = np.rint(np.multiply(LUMA, 1000)).astype(np.uint32)


def with_channels(frames: np.ndarray, channels: int) -> np.ndarray:
    """Convert frames (..., H, W, C), uint8, to 1 or 3 channels: grey is repeated, RGB becomes luma.

    The luma is rounded; grey to RGB and back gives the same numbers.

    Raises:
        ValueError: another number of channels.

    Source: ITU-R BT.601.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, not {channels}")
    if frames.shape[-1] == channels:
        return frames
    if channels == 3:
        return np.repeat(frames, 3, axis=-1)
    luma = (frames.astype(np.uint32) @ _PER_MILLE + 500) // 1000
    return luma[..., None].astype(np.uint8)
