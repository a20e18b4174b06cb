"""TGAN's generator (Saito et al. 2017, Table 1): one latent to per-frame latents to a video.

With classes it is the paper's conditional TGAN.
"""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.config.sizes import base_side, count_doublings, first_length
from tgan.models.layers import BATCH_NORM_EPS, BatchNorm, append_labels, initialise
from tgan.models.stages import kept
from tgan.models.windows import deconv as deconvolve

# The label's map is this part of the latents' (64 channels beside 512 at the paper's width).
LABEL_SHARE = 8


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


class ImageGenerator(nn.Module):
    """Decodes a slow latent and the fast latents of T frames into a video in (-1, 1).

    Maps z_slow (N, z_slow) and z_fast (N, z_fast, T) to (N, C, T, H, W). The slow latent and the
    label are mapped and deconvolved once per video; their batch norms count them T times, so that
    outputs, gradients and running statistics are those of the authors' code, which maps the slow
    latent once per frame.

    Args:
        num_frames: T of the batches to come (it counts in the batch norm, nowhere else).
        resolution: H = W, see `tgan.config.sizes.base_side`.
        channels: C.
        width: channels of the first map, half of them from each latent; they halve at each
            doubling of the map.
        num_labels: classes, which get a map of their own beside the latents', an eighth of
            `width` wide, at least 1; 0 for none.
        sees_slow: whether the slow latent is used; all of `width` comes from the fast one if not
            (the paper's baseline "G1(z1)").
        shift: whether the batch norms have a shift (they do in the authors' configurations).

    Raises:
        ValueError: `resolution` or `width` does not fit.

    Source: Table 1, G1. How wide the label's map is, our sources of the paper do not say.
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
        num_labels: int = 0,
        sees_slow: bool = True,
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
        self.num_labels, self.side, self.stage = num_labels, base_side(resolution), kept
        maps_of_slow = width // 2 if sees_slow else 0
        maps_of_label = max(width // LABEL_SHARE, 1) if num_labels else 0
        self._maps = (maps_of_slow, width - maps_of_slow, maps_of_label)
        of_slow, of_fast, of_label = (maps * self.side**2 for maps in self._maps)
        norms = {"shift": shift, "eps": eps}
        self.slow = nn.Linear(z_slow, of_slow, bias=False) if sees_slow else None
        self.fast = nn.Linear(z_fast, of_fast, bias=False)
        self.norm_slow = BatchNorm(of_slow, repeats=num_frames, **norms) if sees_slow else None
        self.norm_fast = BatchNorm(of_fast, **norms)
        self.label = nn.Linear(num_labels, of_label, bias=False) if num_labels else None
        self.norm_label = BatchNorm(of_label, repeats=num_frames, **norms) if num_labels else None
        widths = [width >> i for i in range(doublings + 1)]
        self.deconvs = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
            for before, after in zip([width + maps_of_label, *widths[1:]], widths[1:], strict=False)
        )
        self.norms = nn.ModuleList(BatchNorm(w, shift=shift, eps=eps) for w in widths[1:])
        self.last = nn.ConvTranspose2d(widths[-1], channels, 3, 1, 1)

    def forward(self, z_slow: Tensor, z_fast: Tensor, labels: Tensor | None = None) -> Tensor:
        frames = z_fast.shape[2]
        h = self._first_maps(z_slow, z_fast, labels)
        for norm, layer in zip(self.norms, (*self.deconvs[1:], self.last), strict=True):
            h = self.stage(h, norm, layer)
        images = torch.tanh(h)
        return rearrange(images, "(n t) c h w -> n c t h w", t=frames)

    def _first_maps(self, z_slow: Tensor, z_fast: Tensor, labels: Tensor | None) -> Tensor:
        """The first deconvolution of all maps, (N T, C, H, W).

        It is linear: what all frames of a video share is deconvolved once per video.
        """
        one_hot = append_labels(z_slow[:, :0], labels, self.num_labels)
        of_slow, of_fast, of_label = self.deconvs[0].weight.split(self._maps)
        fast = self.norm_fast(self.fast(rearrange(z_fast, "n k t -> (n t) k")))
        moving = self._deconvolved(fast, of_fast)
        still = []
        if self.slow is not None:
            still.append(self._deconvolved(self.norm_slow(self.slow(z_slow)), of_slow))
        if self.label is not None:
            still.append(self._deconvolved(self.norm_label(self.label(one_hot)), of_label))
        if not still:
            return moving
        frames = rearrange(moving, "(n t) c h w -> n t c h w", t=z_fast.shape[2])
        return (frames + rearrange(sum(still), "n c h w -> n 1 c h w")).flatten(0, 1)

    def _deconvolved(self, values: Tensor, weight: Tensor) -> Tensor:
        """Rectified maps (M, C H W) through the first deconvolution, channels last."""
        maps = rearrange(F.relu(values), "m (c h w) -> m c h w", h=self.side, w=self.side)
        return deconvolve(maps.contiguous(memory_format=torch.channels_last), weight)


class VideoGenerator(nn.Module):
    """TGAN's generator: z_slow (N, z_slow), uniform on [-1, 1], to a video (N, C, T, H, W).

    The video lies in (-1, 1). `temporal` and `image` are the paper's G0 and G1 and can be called
    on their own. With classes, labels (N,) come second.

    Args:
        temporal_width: see `TemporalGenerator`.
        width: see `ImageGenerator`.
        num_labels: number of classes; 0 for none.
        slow_in_image: whether the image generator sees the slow latent too.
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
        num_labels: int = 0,
        slow_in_image: bool = True,
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
        self.image = ImageGenerator(
            **shared,
            resolution=resolution,
            channels=channels,
            width=width,
            sees_slow=slow_in_image,
            shift=image_shift,
        )
        initialise(self.temporal, temporal_init)
        initialise(self.image, image_init)

    def forward(self, z_slow: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.image(z_slow, self.temporal(z_slow, labels), labels)
