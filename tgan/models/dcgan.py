"""DCGAN's generator (Radford et al. 2016, Figure 1): 2-D deconvolutions from a latent to an image.

Its discriminator is `tgan.models.critic.VideoCritic` of a single frame.
"""

import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.models.deconv3d import DeconvStream
from tgan.models.layers import BATCH_NORM_EPS, append_labels, initialise


class ImageDeconvGenerator(nn.Module):
    """Maps a latent (N, z_slow) to an image in (-1, 1), as a clip of one frame (N, C, 1, H, W).

    A first deconvolution makes a map of side 4 (5 for 80x80 and its like), and further ones, with
    kernels of 4 and strides of 2, double it; batch norms and rectifiers between, tanh at the end.

    Args:
        z_slow: numbers in the latent.
        num_frames: 1.
        resolution: H = W, see `tgan.config.sizes.base_side`.
        channels: C.
        width: channels of the first map; they halve at each doubling.
        num_labels: classes, whose one-hot code is appended to the latent; 0 for none.
        image_shift: whether the batch norms have a shift.
        slope: of the rectifiers below zero; 0 in the paper.
        image_init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: a size that the layers cannot make.

    Source: Radford et al. 2016, section 3 and Figure 1; the classes as Mirza and Osindero 2014.
    """

    def __init__(
        self,
        *,
        z_slow: int = 100,
        num_frames: int = 1,
        resolution: int = 64,
        channels: int = 3,
        width: int = 512,
        num_labels: int = 0,
        image_shift: bool = True,
        slope: float = 0.0,
        image_init: str = "dcgan",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        if num_frames != 1:
            raise ValueError(f"num_frames {num_frames}: dcgan makes images, clips of 1 frame")
        self.num_labels = num_labels
        size = z_slow + num_labels
        self.stream = DeconvStream(size, None, resolution, width, image_shift, eps, slope)
        self.last = nn.ConvTranspose2d(self.stream.channels, channels, 4, 2, 1)
        initialise(self, image_init)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        images = self.stream(append_labels(z, labels, self.num_labels), self.last)
        return rearrange(torch.tanh(images), "n c h w -> n c 1 h w")
