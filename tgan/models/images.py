"""Image generators of TGAN: latents of a video and of its frames to the frames.

All begin with the same maps, made of the latents, and enlarge them in their own way.
"""

from itertools import pairwise

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.config.sizes import base_side, count_doublings
from tgan.models.layers import BATCH_NORM_EPS, BatchNorm, append_labels
from tgan.models.rectifier import Bounded
from tgan.models.stages import Modulated, Norm, kept
from tgan.models.windows import deconv as deconvolve

# The label's map is this part of the latents' (64 channels beside 512 at the paper's width).
LABEL_SHARE = 8
# Units between the slow latent and gains and shifts.
MODULATION_WIDTH = 64
# Deviations at which rectifiers of smooth images end.
CEILING = 4.0

_RECTIFY = Bounded(CEILING)


class _FrameGenerator(nn.Module):
    """Maps z_slow (N, z_slow) and z_fast (N, z_fast, T) to a video (N, C, T, H, W) in (-1, 1).

    The slow latent and the label are mapped and deconvolved once per video; their batch norms
    count them T times, so that outputs, gradients and running statistics are those of the authors'
    code, which maps the slow latent once per frame.

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
        self_modulation: whether the batch norms of enlarged maps are followed by gains and shifts
            that a small perceptron makes of the slow latent and the label, the same in all frames
            of a video (Chen et al. 2019, section 2). They are there without `sees_slow`, too.

    Raises:
        ValueError: `resolution` or `width` does not fit.
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
        self_modulation: bool = False,
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
        # Of the maps after each doubling.
        self._widths = [width >> i for i in range(1, doublings + 1)]
        self._channels, self._norm_settings = channels, norms
        modulated = self._widths if self_modulation else []
        self.modulations = nn.ModuleList(_modulation(z_slow + num_labels, w) for w in modulated)

    def _first_deconv(self) -> nn.ConvTranspose2d:
        return nn.ConvTranspose2d(sum(self._maps), self._widths[0], 4, 2, 1, bias=False)

    def _norms(self) -> nn.ModuleList:
        """A batch norm for each doubling."""
        return nn.ModuleList(BatchNorm(width, **self._norm_settings) for width in self._widths)

    def _modulated_norms(self, z_slow: Tensor, labels: Tensor | None) -> list[Norm]:
        """The norms of the enlarged maps, as they are for these videos."""
        if not self.modulations:
            return list(self.norms)
        code = append_labels(z_slow, labels, self.num_labels)
        made = (modulation(code).chunk(2, 1) for modulation in self.modulations)
        return [
            Modulated(norm, 1 + gains, shifts)
            for norm, (gains, shifts) in zip(self.norms, made, strict=True)
        ]

    def _first_maps(
        self, z_slow: Tensor, z_fast: Tensor, labels: Tensor | None, kernel: Tensor
    ) -> Tensor:
        """The first deconvolution, by its kernel, of all maps: (N T, C, H, W).

        It is linear: what all frames of a video share is deconvolved once per video.
        """
        one_hot = append_labels(z_slow[:, :0], labels, self.num_labels)
        of_slow, of_fast, of_label = kernel.split(self._maps)
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


class ImageGenerator(_FrameGenerator):
    """TGAN's image generator: deconvolutions double the maps; settings as of `_FrameGenerator`.

    Source: Table 1, G1. How wide the label's map is, our sources of the paper do not say.
    """

    def __init__(self, **settings) -> None:
        super().__init__(**settings)
        others = (
            nn.ConvTranspose2d(*widths, 4, 2, 1, bias=False) for widths in pairwise(self._widths)
        )
        self.deconvs = nn.ModuleList([self._first_deconv(), *others])
        self.norms = self._norms()
        self.last = nn.ConvTranspose2d(self._widths[-1], self._channels, 3, 1, 1)

    def forward(self, z_slow: Tensor, z_fast: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self._first_maps(z_slow, z_fast, labels, self.deconvs[0].weight)
        norms = self._modulated_norms(z_slow, labels)
        for norm, layer in zip(norms, (*self.deconvs[1:], self.last), strict=True):
            h = self.stage(h, norm, layer)
        return _video(h, frames=z_fast.shape[2])


class SmoothImageGenerator(_FrameGenerator):
    """Convolutions whose maps are enlarged bilinearly, and pictures drawn beside them.

    Each convolution gives a picture in further channels, which is enlarged, too, and the next one
    added to it, up to the full size: what is large and smooth need not go through the last layers.
    Nothing draws a checkerboard of single pixels, to which critics of few channels are blind, and
    no pixels burn: rectifiers end at `CEILING`. Settings as of `_FrameGenerator`.

    Source: enlarging in place of deconvolutions is of Odena et al. 2016 (Distill), the sum of
        pictures of StyleGAN2 (Karras et al. 2020, figure 7b).
    """

    def __init__(self, **settings) -> None:
        super().__init__(**settings)
        self.first = self._first_deconv()
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after + self._channels, 3, padding=1, bias=False)
            for before, after in pairwise(self._widths)
        )
        self.norms = self._norms()
        self.last = nn.Conv2d(self._widths[-1], self._channels, 3)

    def forward(self, z_slow: Tensor, z_fast: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self._first_maps(z_slow, z_fast, labels, self.first.weight)
        norms, picture = self._modulated_norms(z_slow, labels), None
        for norm, layer in zip(norms, self.convs, strict=False):
            both = self.stage(h, norm, layer, _RECTIFY)
            h, drawn = both.split([both.shape[1] - self._channels, self._channels], 1)
            picture = _doubled(drawn if picture is None else drawn + picture)
            h = _doubled(h)
        # Padded with themselves, since zeros would draw a frame around every picture.
        edged = F.pad(h, (1, 1, 1, 1), mode="replicate")
        last = self.stage(edged, norms[-1], self.last, _RECTIFY)
        return _video(last if picture is None else last + picture, frames=z_fast.shape[2])


def _modulation(given: int, maps: int) -> nn.Module:
    """A perceptron that makes gains, less 1, and shifts of so many maps."""
    return nn.Sequential(
        nn.Linear(given, MODULATION_WIDTH), nn.ReLU(), nn.Linear(MODULATION_WIDTH, 2 * maps)
    )


def _doubled(maps: Tensor) -> Tensor:
    return F.interpolate(maps, scale_factor=2, mode="bilinear")


def _video(images: Tensor, *, frames: int) -> Tensor:
    return rearrange(torch.tanh(images), "(n t) c h w -> n c t h w", t=frames)
