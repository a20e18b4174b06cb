"""Pixels: bytes on disk, and numbers in the networks."""

import torch
from torch import Tensor


def normalise(clips: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Convert bytes (N, T, H, W, C) to numbers (N, C, T, H, W) in [-1, 1): (x - 128) / 128.

    The result shares the byte order of its input, so it lies in memory channels last.

    Source: the authors' code, which scales real clips this way.
    """
    return clips.movedim(-1, 1).to(dtype).sub_(128).div_(128)


def to_bytes(video: Tensor) -> Tensor:
    """Convert numbers (N, C, T, H, W) in [-1, 1] to bytes (N, T, H, W, C), rounded and clamped."""
    scaled = video.detach().float().mul(128).add_(128).round_().clamp_(0, 255)
    return scaled.movedim(1, -1).to(torch.uint8)
