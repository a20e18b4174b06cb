"""A generator that starts from a picture: image-to-image translation (Isola et al. 2017)."""

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.models.critic import LEAKY_SLOPE
from tgan.models.layers import BATCH_NORM_EPS, BatchNorm, initialise
from tgan.sizes import count_doublings


class ImageTranslator(nn.Module):
    """Maps a latent (N, z_slow) and a picture (N, given_channels, 1, H, W) to an image.

    A U-Net: convolutions halve the picture down to a side of 4 (5 for 80x80 and its like), where
    the latent joins it; deconvolutions double it up again, each beside the features that the way
    down had at its size. Kernels of 4, batch norms, tanh at the end; the image is a clip of one
    frame (N, C, 1, H, W) in (-1, 1).

    Args:
        z_slow: numbers in the latent.
        num_frames: 1.
        resolution: H = W, see `tgan.sizes.base_side`.
        channels: C.
        given_channels: of the picture.
        width: channels of the smallest map; they halve at each doubling.
        image_shift: whether the batch norms have a shift.
        image_init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: a size that the layers cannot make, or no picture to start from.

    Source: Isola et al. 2017, section 3.2.1 and appendix 6.1.1; theirs draws dropout for a latent.
    """

    def __init__(
        self,
        *,
        z_slow: int = 16,
        num_frames: int = 1,
        resolution: int = 64,
        channels: int = 3,
        given_channels: int = 1,
        width: int = 512,
        image_shift: bool = True,
        image_init: str = "normal",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        if num_frames != 1:
            raise ValueError(f"num_frames {num_frames}: translator makes images, clips of 1 frame")
        if given_channels == 0:
            raise ValueError(
                "generator 'translator' starts from a picture: set given (edges, grey, "
                "low_resolution)"
            )
        doublings = count_doublings(resolution)
        if width % 2 ** (doublings - 1):
            raise ValueError(
                f"generator width {width} is not a multiple of {2 ** (doublings - 1)}, "
                f"as resolution {resolution} needs"
            )
        # Of the maps from half the resolution down to the smallest.
        widths = [width >> i for i in reversed(range(doublings))]
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, 2, 1, bias=False)
            for before, after in zip([given_channels, *widths], widths, strict=False)
        )
        # The smallest map meets the latent, the others what comes up beside them.
        before = [width + z_slow, *(2 * w for w in widths[-2::-1])]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(b, after, 4, 2, 1, bias=False)
            for b, after in zip(before, widths[-2::-1], strict=False)
        )
        self.last = nn.ConvTranspose2d(before[-1], channels, 4, 2, 1)
        norms = [BatchNorm(w, shift=image_shift, eps=eps) for w in widths[1:]]
        self.down_norms = nn.ModuleList([nn.Identity(), *norms])
        self.up_norms = nn.ModuleList(
            BatchNorm(layer.out_channels, shift=image_shift, eps=eps) for layer in self.up
        )
        initialise(self, image_init)

    def forward(self, z: Tensor, given: Tensor) -> Tensor:
        h = rearrange(given, "n c 1 h w -> n c h w")
        skips = []
        for conv, norm in zip(self.down, self.down_norms, strict=True):
            h = F.leaky_relu(norm(conv(h)), LEAKY_SLOPE)
            skips.append(h)
        beside = repeat(z, "n k -> n k h w", h=h.shape[2], w=h.shape[3])
        for deconv, norm in zip(self.up, self.up_norms, strict=True):
            h = F.relu(norm(deconv(torch.cat([skips.pop(), beside], 1))))
            beside = h
        images = self.last(torch.cat([skips.pop(), beside], 1))
        return rearrange(torch.tanh(images), "n c h w -> n c 1 h w")
