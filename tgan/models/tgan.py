"""TGAN's generator (Saito et al. 2017, Table 1): one latent to per-frame latents to a video."""

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.models.layers import BATCH_NORM_EPS, BatchNorm, initialise
from tgan.sizes import BASE_SIDE, count_doublings, first_length


class TemporalGenerator(nn.Module):
    """Maps one slow latent (N, z_slow, in [-1, 1]) to fast latents (N, z_fast, T, in (-1, 1)).

    The first deconvolution makes a length of T / 16 from length 1, four more double it; for
    T = 16 these are the five layers of Table 1, G0.

    Args:
        z_slow: numbers in the slow latent (the paper's z0).
        z_fast: numbers in each fast latent (the paper's z1^t).
        num_frames: T, a multiple of 16.
        width: channels after the first layer; then width / 2, width / 4, width / 4.
        shift: whether the batch norms have a shift (not in the authors' configurations).

    Raises:
        ValueError: `num_frames` or `width` does not fit.
    """

    def __init__(
        self,
        *,
        z_slow: int = 100,
        z_fast: int = 100,
        num_frames: int = 16,
        width: int = 512,
        shift: bool = False,
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        if width < 4 or width % 4:
            raise ValueError(f"temporal generator width {width} is not a multiple of 4")
        widths = [width, width // 2, width // 4, width // 4, z_fast]
        first = nn.ConvTranspose1d(z_slow, width, first_length(num_frames))
        self.deconvs = nn.ModuleList([first])
        for before, after in zip(widths, widths[1:], strict=False):
            self.deconvs.append(nn.ConvTranspose1d(before, after, 4, 2, 1))
        self.norms = nn.ModuleList(BatchNorm(w, shift=shift, eps=eps) for w in widths[:-1])

    def forward(self, z_slow: Tensor) -> Tensor:
        h = rearrange(z_slow, "n k -> n k 1")
        for deconv, norm in zip(self.deconvs, self.norms, strict=False):
            h = F.relu(norm(deconv(h)), inplace=True)
        return torch.tanh(self.deconvs[-1](h))


class ImageGenerator(nn.Module):
    """Decodes a slow latent and the fast latents of T frames into a video in (-1, 1).

    Maps z_slow (N, z_slow) and z_fast (N, z_fast, T) to (N, C, T, H, W). The slow latent is
    mapped once per video; its batch norm counts it T times, so that outputs, gradients and
    running statistics are those of the authors' code, which maps it once per frame.

    Args:
        num_frames: T of the batches to come (it counts in the batch norm, nowhere else).
        resolution: H = W, a power of two from 32.
        channels: C.
        width: channels of the 4x4 map, half of them from each latent; they halve at each
            doubling of the map.
        shift: whether the batch norms have a shift (they do in the authors' configurations).

    Raises:
        ValueError: `resolution` or `width` does not fit.

    Source: Table 1, G1.
    """

    def __init__(
        self,
        *,
        z_slow: int = 100,
        z_fast: int = 100,
        num_frames: int = 16,
        resolution: int = 64,
        channels: int = 3,
        width: int = 512,
        shift: bool = True,
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        doublings = count_doublings(resolution)
        if width < 2**doublings or width % 2**doublings:
            raise ValueError(
                f"image generator width {width} is not a multiple of {2**doublings}, "
                f"as resolution {resolution} needs"
            )
        units = width // 2 * BASE_SIDE**2
        self.slow = nn.Linear(z_slow, units, bias=False)
        self.fast = nn.Linear(z_fast, units, bias=False)
        self.norm_slow = BatchNorm(units, shift=shift, repeats=num_frames, eps=eps)
        self.norm_fast = BatchNorm(units, shift=shift, eps=eps)
        widths = [width >> i for i in range(doublings + 1)]
        self.deconvs = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
            for before, after in zip(widths, widths[1:], strict=False)
        )
        self.norms = nn.ModuleList(BatchNorm(w, shift=shift, eps=eps) for w in widths[1:])
        self.last = nn.ConvTranspose2d(widths[-1], channels, 3, 1, 1)

    def forward(self, z_slow: Tensor, z_fast: Tensor) -> Tensor:
        frames = z_fast.shape[2]
        slow = F.relu(self.norm_slow(self.slow(z_slow)))
        fast = F.relu(self.norm_fast(self.fast(rearrange(z_fast, "n k t -> (n t) k"))))
        maps = torch.cat([repeat(slow, "n u -> (n t) u", t=frames), fast], 1)
        h = rearrange(maps, "m (c h w) -> m c h w", h=BASE_SIDE, w=BASE_SIDE)
        h = h.contiguous(memory_format=torch.channels_last)
        for deconv, norm in zip(self.deconvs, self.norms, strict=True):
            h = F.relu(norm(deconv(h)), inplace=True)
        images = torch.tanh(self.last(h))
        return rearrange(images, "(n t) c h w -> n c t h w", t=frames)


class VideoGenerator(nn.Module):
    """TGAN's generator: z_slow (N, z_slow), uniform on [-1, 1], to a video (N, C, T, H, W).

    The video lies in (-1, 1). `temporal` and `image` are the paper's G0 and G1 and can be called
    on their own.

    Args:
        temporal_width: see `TemporalGenerator`.
        width: see `ImageGenerator`.
        temporal_shift, image_shift: whether their batch norms have a shift.
        temporal_init, image_init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: a size that the networks cannot make.

    Source: TGAN (Saito et al. 2017), Table 1 and section 5.1 (initialisation).
    """

    def __init__(
        self,
        *,
        z_slow: int = 100,
        z_fast: int = 100,
        num_frames: int = 16,
        resolution: int = 64,
        channels: int = 3,
        temporal_width: int = 512,
        width: int = 512,
        temporal_shift: bool = False,
        image_shift: bool = True,
        temporal_init: str = "he_normal",
        image_init: str = "uniform",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        latents = {"z_slow": z_slow, "z_fast": z_fast, "num_frames": num_frames, "eps": eps}
        self.z_slow = z_slow
        self.temporal = TemporalGenerator(**latents, width=temporal_width, shift=temporal_shift)
        self.image = ImageGenerator(
            **latents, resolution=resolution, channels=channels, width=width, shift=image_shift
        )
        initialise(self.temporal, temporal_init)
        initialise(self.image, image_init)

    def forward(self, z_slow: Tensor) -> Tensor:
        return self.image(z_slow, self.temporal(z_slow))
