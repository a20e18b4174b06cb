"""Motion of the blocks of a clip: where they go from frame to frame, and how that changes.

A Fréchet distance over these (`frechet_motion`) sees how things move, and little of what they are.
The idea of velocities and accelerations as histograms is that of the Fréchet Video Motion Distance
(Liu et al. 2024), whose points are followed by a trained network; here blocks are matched, so the
numbers are others.
"""

import math

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

# Pixels a side of a block, and between two of them.
BLOCK, STRIDE = 8, 4
# How far a block is looked for, in pixels along either axis.
REACH = 5
# A block stays unless the mean difference of its pixels falls by so many levels for each pixel
# that it moves: where there is nothing to see, nothing moves.
_PRICE = 0.5
# Directions, cells along height and width, and spans of time of the histograms.
DIRECTIONS, CELLS, SPANS = 8, 2, 2
MOTION_SIZE = 2 * DIRECTIONS * CELLS**2 * SPANS


def motion_features(clips: np.ndarray) -> np.ndarray:
    """Histograms of the directions of velocities and accelerations: (N, 128), float32.

    Each velocity and acceleration counts as much as it is long, in its two nearest of eight
    directions; there are histograms for each quarter of the picture and each half of the time.

    Args:
        clips: (N, T, H, W, C), uint8; three frames and 16 pixels a side at least.

    Raises:
        ValueError: fewer frames, or smaller ones.
    """
    if clips.shape[1] < 3 or min(clips.shape[2:4]) < 2 * BLOCK:
        raise ValueError(
            f"clips of {clips.shape[1]} frames of {clips.shape[2]}x{clips.shape[3]} pixels: motion "
            f"needs 3 frames of {2 * BLOCK}x{2 * BLOCK} at least"
        )
    return np.stack([_of_clip(torch.from_numpy(clip)).numpy() for clip in clips])


def _of_clip(clip: Tensor) -> Tensor:
    velocity = velocities(clip.float().mean(-1))
    acceleration = _followed(velocity) - velocity[:-1]
    return torch.cat([_histograms(velocity), _histograms(acceleration)])


def velocities(grey: Tensor) -> Tensor:
    """Where each block of frames (T, H, W), in levels, goes until the next one.

    Returns:
        (T - 1, 2, h, w): pixels down and to the right, of h x w blocks.
    """
    now, later = grey[:-1], F.pad(grey[1:, None], (REACH,) * 4, mode="replicate")[:, 0]
    height, width = now.shape[1:]
    moves = sorted(
        ((y, x) for y in range(-REACH, REACH + 1) for x in range(-REACH, REACH + 1)),
        key=lambda move: math.hypot(*move),
    )
    costs = []
    for y, x in moves:
        there = later[:, REACH + y : REACH + y + height, REACH + x : REACH + x + width]
        difference = F.avg_pool2d((there - now).abs()[:, None], BLOCK, STRIDE)[:, 0]
        costs.append(difference + _PRICE * math.hypot(y, x))
    best = torch.stack(costs).argmin(0)
    table = torch.tensor(moves, dtype=grey.dtype)
    return rearrange(table[best], "t h w c -> t c h w")


def _followed(velocity: Tensor) -> Tensor:
    """The next velocity of each block, where it has gone: (T - 2, 2, h, w)."""
    _, _, height, width = velocity.shape
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    steps = (velocity[:-1] / STRIDE).round().long()
    there_y = (rows + steps[:, 0]).clamp(0, height - 1)
    there_x = (columns + steps[:, 1]).clamp(0, width - 1)
    times = torch.arange(len(steps))[:, None, None] + 1
    return rearrange(velocity[times, :, there_y, there_x], "t h w c -> t c h w")


def _histograms(vectors: Tensor) -> Tensor:
    """How much of vectors (T, 2, h, w) goes in each direction, per cell and span: (size / 2,)."""
    length = vectors.norm(dim=1)
    turn = torch.atan2(vectors[:, 0], vectors[:, 1]) / (2 * math.pi) * DIRECTIONS
    directions = torch.arange(DIRECTIONS).view(-1, 1, 1, 1)
    away = (turn - directions).remainder(DIRECTIONS)
    share = (1 - torch.minimum(away, DIRECTIONS - away)).clamp(min=0)
    return F.adaptive_avg_pool3d(share * length, (SPANS, CELLS, CELLS)).flatten()
