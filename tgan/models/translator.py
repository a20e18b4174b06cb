"""A generator that starts from a picture: image-to-image translation (Isola et al. 2017)."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.config.sizes import count_doublings
from tgan.models.activations import LEAKY_SLOPE
from tgan.models.layers import BATCH_NORM_EPS, initialise


class ImageTranslator(nn.Module):
    """Maps a latent (N, z_slow) and a picture (N, input_channels, 1, H, W) to an image.

    A U-Net: convolutions halve the picture down to a side of 4 (5 for 80x80 and its like), where
    a linear map of the latent is added to the features; deconvolutions double them up again, each
    beside the features that the way down had at its size. Kernels of 4; at full size a convolution
    of the picture itself is added, and tanh ends it. The image is a clip of one frame
    (N, C, 1, H, W) in (-1, 1).

    Each image is normalised by itself: what the authors' batch norm does at their batches of one,
    and statistics of a batch depend too much on what pictures happen to be in it.

    Args:
        z_slow: numbers in the latent.
        num_frames: 1.
        resolution: H = W, see `tgan.config.sizes.base_side`.
        channels: C.
        input_channels: of the picture.
        width: channels of the smallest map; they halve at each doubling.
        image_init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: a size that the layers cannot make, or no picture to start from.

    Source: Isola et al. 2017, section 3.2.1 and appendix 6.1. Dropout is their latent, and the way
    across at full size is ours: without it what is fine in the picture is lost.
    """

    def __init__(
        self,
        *,
        z_slow: int = 16,
        num_frames: int = 1,
        resolution: int = 64,
        channels: int = 3,
        input_channels: int = 1,
        width: int = 512,
        image_init: str = "normal",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        if num_frames != 1:
            raise ValueError(f"num_frames {num_frames}: translator makes images, clips of 1 frame")
        if input_channels == 0:
            raise ValueError(
                "generator 'translator' starts from a picture: set data.input "
                "(edges, grey, low_resolution)"
            )
        doublings = count_doublings(resolution)
        if width % 2 ** (doublings - 1):
            raise ValueError(
                f"generator width {width} is not a multiple of {2 ** (doublings - 1)}, "
                f"as resolution {resolution} needs"
            )
        # Of the maps from half the resolution down to the smallest.
        down = [width >> i for i in reversed(range(doublings))]
        up = down[-2::-1]
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, 2, 1)
            for before, after in zip([input_channels, *down], down, strict=False)
        )
        self.latent = nn.Linear(z_slow, width)
        # All but the first way up have the way down beside them.
        before = [width, *(2 * w for w in up)]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(b, after, 4, 2, 1) for b, after in zip(before, up, strict=False)
        )
        self.last = nn.ConvTranspose2d(before[-1], channels, 4, 2, 1)
        self.across = nn.Conv2d(input_channels, channels, 3, padding=1)
        norms = [nn.InstanceNorm2d(w, eps=eps, affine=True) for w in down[1:]]
        self.down_norms = nn.ModuleList(norms)
        self.up_norms = nn.ModuleList(nn.InstanceNorm2d(w, eps=eps, affine=True) for w in up)
        initialise(self, image_init)

    def forward(self, z: Tensor, picture: Tensor) -> Tensor:
        picture = rearrange(picture, "n c 1 h w -> n c h w")
        h, skips = self.down[0](picture), []
        for conv, norm in zip(self.down[1:], self.down_norms, strict=True):
            skips.append(h)
            h = norm(conv(F.leaky_relu(h, LEAKY_SLOPE)))
        # Before the rectifier, or the norms would take away what is the same everywhere.
        h = h + rearrange(self.latent(z), "n k -> n k 1 1")
        for deconv, norm in zip(self.up, self.up_norms, strict=True):
            h = torch.cat([norm(deconv(F.relu(h))), skips.pop()], 1)
        images = self.last(F.relu(h)) + self.across(picture)
        return rearrange(torch.tanh(images), "n c h w -> n c 1 h w")
