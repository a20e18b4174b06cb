"""Generators of 3-D deconvolutions: what TGAN's paper compares itself with (its Tables 3 and 4)."""

import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.config.sizes import TEMPORAL_DOUBLINGS, base_side, count_doublings, first_length
from tgan.models.layers import BATCH_NORM_EPS, BatchNorm, append_labels, initialise
from tgan.models.rectifier import Leaky
from tgan.models.stages import kept

# Vondrick et al. 2016.
MASK_SPARSITY = 0.1


class Deconv3dGenerator(nn.Module):
    """Maps a latent (N, z_slow) to a video (N, C, T, H, W) in (-1, 1) by 3-D deconvolutions.

    At 64x64 and T = 16: one linear map to 512 x 1 x 4 x 4, then four deconvolutions that double
    time, height and width, to 256, 128, 64 and C channels.

    Args:
        z_slow: numbers in the latent; there is no other.
        num_frames: T; a multiple of what the doublings make of one frame.
        resolution: H = W, see `tgan.config.sizes.base_side`.
        channels: C.
        width: channels of the first map; they halve at each doubling.
        num_labels: classes, whose one-hot code is appended to the latent; 0 for none.
        image_shift: whether the batch norms have a shift.
        image_init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: a size that the layers cannot make.

    Source: the baseline "3D model" of Saito et al. 2017, Table 3.
    """

    def __init__(
        self,
        *,
        z_slow: int = 100,
        num_frames: int = 16,
        resolution: int = 64,
        channels: int = 3,
        width: int = 512,
        num_labels: int = 0,
        image_shift: bool = True,
        image_init: str = "he_normal",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        self.num_labels = num_labels
        self.stream = DeconvStream(
            z_slow + num_labels, num_frames, resolution, width, image_shift, eps
        )
        self.last = _doubling(self.stream.channels, channels, self.stream.doubles_time_last)
        initialise(self, image_init)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.tanh(self.stream(append_labels(z, labels, self.num_labels), self.last))


class TwoStreamGenerator(nn.Module):
    """VideoGAN: a moving foreground over a still background, mixed by a mask.

    Maps a latent (N, z_slow) to a video (N, C, T, H, W) in [-1, 1]: mask * foreground +
    (1 - mask) * background. In training the mean of the mask, times 0.1, joins the generator's
    loss, so that as much as possible is left to the background.

    Args:
        as `Deconv3dGenerator`.

    Raises:
        ValueError: a size that the layers cannot make.

    Source: Vondrick, Pirsiavash and Torralba 2016; at 32 frames there.
    """

    trains_in_fp16 = False

    def __init__(
        self,
        *,
        z_slow: int = 100,
        num_frames: int = 16,
        resolution: int = 64,
        channels: int = 3,
        width: int = 512,
        num_labels: int = 0,
        image_shift: bool = True,
        image_init: str = "small_normal",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        self.num_labels = num_labels
        size = z_slow + num_labels
        self.foreground = DeconvStream(size, num_frames, resolution, width, image_shift, eps)
        self.background = DeconvStream(size, None, resolution, width, image_shift, eps)
        features, doubles_time = self.foreground.channels, self.foreground.doubles_time_last
        self.last = _doubling(features, channels, doubles_time)
        self.mask = _doubling(features, 1, doubles_time)
        self.last_background = nn.ConvTranspose2d(features, channels, 4, 2, 1)
        initialise(self, image_init)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        latent = append_labels(z, labels, self.num_labels)
        features = self.foreground(latent)
        # In float32: the penalty's gradient is far below what bf16 resolves beside the other one.
        mask = _Sparse.apply(torch.sigmoid(self.mask(features).to(z.dtype)))
        foreground = torch.tanh(self.last(features))
        background = torch.tanh(self.background(latent, self.last_background))
        return mask * foreground + (1 - mask) * rearrange(background, "n c h w -> n c 1 h w")


class DeconvStream(nn.Module):
    """A latent (N, K) to features of half the final size, (N, channels, T/2, H/2, W/2).

    Time doubles as often as the temporal generator doubles it, in the last layers if there are
    more; where T is None there is no time, and features are (N, channels, H/2, W/2).

    Args:
        slope: of the rectifiers below zero.

    Attributes:
        channels: of the features.
        doubles_time_last: whether the layer that follows has to double time.
    """

    def __init__(
        self,
        size: int,
        num_frames: int | None,
        resolution: int,
        width: int,
        shift: bool,
        eps: float,
        slope: float = 0.0,
    ) -> None:
        super().__init__()
        self.rectify, self.stage = Leaky(slope), kept
        doublings, side = count_doublings(resolution), base_side(resolution)
        if width < 2 ** (doublings - 1) or width % 2 ** (doublings - 1):
            raise ValueError(
                f"generator width {width} is not a multiple of {2 ** (doublings - 1)}, "
                f"as resolution {resolution} needs"
            )
        widths = [width >> i for i in range(doublings)]
        if num_frames is None:
            first = nn.ConvTranspose2d(size, width, side, bias=False)
            layers = [nn.ConvTranspose2d(b, a, 4, 2, 1, bias=False) for b, a in _pairs(widths)]
            self.doubles_time_last = False
        else:
            doubles_time = [i >= doublings - TEMPORAL_DOUBLINGS for i in range(doublings)]
            length = first_length(num_frames, sum(doubles_time))
            kernel = (length, side, side)
            first = nn.ConvTranspose3d(size, width, kernel, bias=False)
            layers = [
                _doubling(before, after, doubles, bias=False)
                for (before, after), doubles in zip(_pairs(widths), doubles_time, strict=False)
            ]
            self.doubles_time_last = doubles_time[-1]
        self.deconvs = nn.ModuleList([first, *layers])
        self.norms = nn.ModuleList(BatchNorm(w, shift=shift, eps=eps) for w in widths)
        self.channels = widths[-1]

    def forward(self, latent: Tensor, last: nn.Module | None = None) -> Tensor:
        """The features, or what a last layer makes of them."""
        first, *layers = self.deconvs
        h = first(latent.view(*latent.shape, *[1] * (first.weight.ndim - 2)))
        for norm, layer in zip(self.norms[:-1], layers, strict=True):
            h = self.stage(h, norm, layer, self.rectify)
        if last is not None:
            return self.stage(h, self.norms[-1], last, self.rectify)
        return self.rectify.plain_(self.norms[-1](h))


class _Sparse(torch.autograd.Function):
    """The identity on a mask, whose gradient is that of a loss with 0.1 |mask| on average.

    So the mask's penalty reaches the generator through the samples alone, and training needs no
    second channel for one network's sake. Under fp16 it would miss the loss scale, which is why
    that pair is refused.
    """

    @staticmethod
    def forward(ctx, mask: Tensor) -> Tensor:
        ctx.count = mask.numel()
        return mask.view_as(mask)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        # The mask is positive, so its absolute value has slope 1.
        return gradient + MASK_SPARSITY / ctx.count


def _doubling(before: int, after: int, doubles_time: bool, *, bias: bool = True) -> nn.Module:
    """A deconvolution that doubles height and width, and time if it says so."""
    if doubles_time:
        return nn.ConvTranspose3d(before, after, 4, 2, 1, bias=bias)
    return nn.ConvTranspose3d(before, after, (1, 4, 4), (1, 2, 2), (0, 1, 1), bias=bias)


def _pairs(widths: list[int]) -> list[tuple[int, int]]:
    return list(zip(widths, widths[1:], strict=False))
