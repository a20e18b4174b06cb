"""From a generator's output to what the networks' makers fed them: RGB, bytes, sizes."""

from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from tgan.data.pixels import to_bytes


def to_rgb(video: Tensor) -> Tensor:
    """Videos (N, 1 or 3, T, H, W) with three channels; grey is repeated.

    Raises:
        ValueError: another number of axes or channels.
    """
    if video.ndim != 5 or video.shape[1] not in (1, 3):
        raise ValueError(
            f"videos of shape {tuple(video.shape)}: (N, C, T, H, W) with C of 1 or 3 are needed"
        )
    return video.expand(-1, 3, -1, -1, -1)


def rgb_bytes(video: Tensor) -> Tensor:
    """Videos (N, C, T, H, W) in [-1, 1] as the bytes (N, T, H, W, 3) that a file would hold.

    Scoring bytes makes a score independent of whether the samples went through a file.

    Raises:
        ValueError: as `to_rgb`.
    """
    return to_bytes(to_rgb(video))


def resize_bytes(frames: Tensor, size: tuple[int, int]) -> Tensor:
    """Frames (M, H, W, 3), uint8, at another size, stretched: (M, 3, *size), float in [0, 255].

    Bicubic, smoothed where it shrinks; a frame of the right size is left alone.
    """
    images = rearrange(frames, "m h w c -> m c h w").float()
    if tuple(images.shape[-2:]) == size:
        return images
    resized = F.interpolate(images, size=size, mode="bicubic", antialias=True)
    return resized.clamp_(0, 255)


def unit_clips(clips: Tensor, side: int) -> Tensor:
    """Bytes (N, T, H, W, 3) as clips (N, 3, T, side, side) in [0, 1], stretched.

    Bilinear without smoothing; frames of the right size are left alone.
    """
    frames = rearrange(clips, "n t h w c -> (n t) c h w").float() / 255
    frames = F.interpolate(frames, size=(side, side), mode="bilinear")
    return rearrange(frames, "(n t) c h w -> n c t h w", n=len(clips))


def check_frames(video: Tensor, num_frames: int, *, name: str) -> None:
    """Raise a ValueError unless videos (N, C, T, H, W) have exactly `num_frames` frames."""
    if video.shape[2] != num_frames:
        raise ValueError(
            f"{name} takes clips of {num_frames} frames and these have {video.shape[2]}"
        )
