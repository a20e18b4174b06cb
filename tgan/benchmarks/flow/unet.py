"""A plain 3-D U-Net, as flow matching and diffusion models of small clips have it."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Numbers that a time is written as.
_TIMES = 64
# Groups of channels that are normalised together.
_GROUPS = 8


class UNet3d(nn.Module):
    """Maps clips (N, C, T, H, W) and times (N,) in [0, 1] to velocities of the clips' shape.

    Each level has a residual block on the way down and one on the way up; between levels frames,
    and their number as long as it is even, are halved by strided convolutions and doubled by
    repetition. Blocks are convolutions of 3x3x3 after group norms, and are told the time by a gain
    and a shift of the second norm.

    Args:
        channels: C.
        width: channels of the first level, a multiple of 8; they double from level to level.
        levels: how often H and W can be halved, and one more.

    Source: Ho et al. 2020 (DDPM), appendix B, in three dimensions as Ho et al. 2022 (video
        diffusion models), without attention; the time as Dhariwal and Nichol 2021 have it.
    """

    def __init__(self, *, channels: int, width: int = 16, levels: int = 3) -> None:
        super().__init__()
        widths = [width << level for level in range(levels)]
        self.time = nn.Sequential(
            nn.Linear(_TIMES, 4 * width), nn.SiLU(), nn.Linear(4 * width, 4 * width), nn.SiLU()
        )
        self.first = nn.Conv3d(channels, width, 3, 1, 1)
        self.down = nn.ModuleList(_Block(w, w, 4 * width) for w in widths)
        self.halve = nn.ModuleList(nn.Conv3d(w, 2 * w, 3, 2, 1) for w in widths[:-1])
        self.middle = _Block(widths[-1], widths[-1], 4 * width)
        self.up = nn.ModuleList(_Block(2 * w, w, 4 * width) for w in reversed(widths))
        self.narrow = nn.ModuleList(nn.Conv3d(2 * w, w, 3, 1, 1) for w in reversed(widths[:-1]))
        self.last = nn.Sequential(
            nn.GroupNorm(_GROUPS, width), nn.SiLU(), _zero(nn.Conv3d(width, channels, 3, 1, 1))
        )

    def forward(self, clips: Tensor, times: Tensor) -> Tensor:
        time = self.time(_waves(times))
        x, kept = self.first(clips), []
        for level, block in enumerate(self.down):
            x = block(x, time)
            kept.append(x)
            if level < len(self.halve):
                x = self.halve[level](x)
        x = self.middle(x, time)
        for level, block in enumerate(self.up):
            beside = kept.pop()
            if level:
                x = self.narrow[level - 1](F.interpolate(x, size=beside.shape[2:]))
            x = block(torch.cat([x, beside], 1), time)
        return self.last(x)


class _Block(nn.Module):
    """Two convolutions beside a way around them; the second begins at nothing."""

    def __init__(self, before: int, after: int, time: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(_GROUPS, before), nn.GroupNorm(_GROUPS, after)
        self.conv1 = nn.Conv3d(before, after, 3, 1, 1)
        self.conv2 = _zero(nn.Conv3d(after, after, 3, 1, 1))
        self.at_time = nn.Linear(time, 2 * after)
        self.around = nn.Identity() if before == after else nn.Conv3d(before, after, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        gain, shift = self.at_time(time)[..., None, None, None].chunk(2, 1)
        h = self.conv2(F.silu(self.norm2(h) * (1 + gain) + shift))
        return self.around(x) + h


def _waves(times: Tensor) -> Tensor:
    """Times (N,) as sines and cosines of frequencies from 1 to 1,000: (N, 64)."""
    frequencies = torch.logspace(0, 3, _TIMES // 2, device=times.device, dtype=times.dtype)
    angles = 2 * math.pi * times[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], 1)


def _zero(layer: nn.Conv3d) -> nn.Conv3d:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
