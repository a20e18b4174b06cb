"""TGAN's generator (Saito et al. 2017, Table 1): one latent to per-frame latents to a video.

With classes it is the paper's conditional TGAN.
"""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.config.sizes import first_length
from tgan.lookup import look_up
from tgan.models.images import ImageGenerator, SmoothImageGenerator
from tgan.models.layers import BATCH_NORM_EPS, BatchNorm, append_labels, initialise

# How the maps of frames are enlarged.
UPSAMPLINGS = {"deconvolution": ImageGenerator, "bilinear": SmoothImageGenerator}


class TemporalGenerator(nn.Module):
    """Maps one slow latent (N, z_slow, in [-1, 1]) to fast latents (N, z_fast, T, in (-1, 1)).

    The first deconvolution makes a length of T / 16 from length 1, four more double it; for
    T = 16 these are the five layers of Table 1, G0.

    Args:
        z_slow: numbers in the slow latent (the paper's z0).
        z_fast: numbers in each fast latent (the paper's z1^t).
        num_frames: T, a multiple of 16.
        width: channels after the first layer; then width / 2, width / 4, width / 4.
        num_labels: classes, whose one-hot code is appended to the slow latent; 0 for none.
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
        num_labels: int = 0,
        shift: bool = False,
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        if width < 4 or width % 4:
            raise ValueError(f"temporal generator width {width} is not a multiple of 4")
        self.num_labels = num_labels
        widths = [width, width // 2, width // 4, width // 4, z_fast]
        first = nn.ConvTranspose1d(z_slow + num_labels, width, first_length(num_frames))
        self.deconvs = nn.ModuleList([first])
        for before, after in zip(widths, widths[1:], strict=False):
            self.deconvs.append(nn.ConvTranspose1d(before, after, 4, 2, 1))
        self.norms = nn.ModuleList(BatchNorm(w, shift=shift, eps=eps) for w in widths[:-1])

    def forward(self, z_slow: Tensor, labels: Tensor | None = None) -> Tensor:
        h = rearrange(append_labels(z_slow, labels, self.num_labels), "n k -> n k 1")
        for deconv, norm in zip(self.deconvs, self.norms, strict=False):
            h = F.relu(norm(deconv(h)), inplace=True)
        return torch.tanh(self.deconvs[-1](h))


class VideoGenerator(nn.Module):
    """TGAN's generator: z_slow (N, z_slow), uniform on [-1, 1], to a video (N, C, T, H, W).

    The video lies in (-1, 1). `temporal` and `image` are the paper's G0 and G1 and can be called
    on their own. With classes, labels (N,) come second.

    Args:
        temporal_width: see `TemporalGenerator`.
        width: see `ImageGenerator`.
        num_labels: number of classes; 0 for none.
        upsampling: a key of `UPSAMPLINGS`: how the image generator enlarges its maps.
        slow_in_image: whether the image generator sees the slow latent too.
        self_modulation: whether the slow latent also makes gains and shifts of the image
            generator's enlarged maps.
        temporal_shift, image_shift: whether their batch norms have a shift.
        temporal_init, image_init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: a size that the networks cannot make, or no such upsampling.

    Source: TGAN (Saito et al. 2017), Table 1 and section 5.1 (initialisation); self-modulation
        is of Chen et al. 2019, section 2.
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
        num_labels: int = 0,
        upsampling: str = "deconvolution",
        slow_in_image: bool = True,
        self_modulation: bool = False,
        temporal_shift: bool = False,
        image_shift: bool = True,
        temporal_init: str = "he_normal",
        image_init: str = "uniform",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        shared = {
            "z_slow": z_slow,
            "z_fast": z_fast,
            "num_frames": num_frames,
            "num_labels": num_labels,
            "eps": eps,
        }
        self.temporal = TemporalGenerator(**shared, width=temporal_width, shift=temporal_shift)
        self.image = look_up(UPSAMPLINGS, upsampling, kind="upsampling")(
            **shared,
            resolution=resolution,
            channels=channels,
            width=width,
            sees_slow=slow_in_image,
            shift=image_shift,
            self_modulation=self_modulation,
        )
        initialise(self.temporal, temporal_init)
        initialise(self.image, image_init)

    def forward(self, z_slow: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.image(z_slow, self.temporal(z_slow, labels), labels)
