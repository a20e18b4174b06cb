"""Networks of small patches: five convolutions without strides, on images of any size.

SinGAN (Shaham et al. 2019) has one such generator and one such critic for each size of its picture.
Their batch norms, in training and in sampling, see a batch of one image: they are norms over the
places of that image. Such norms are in the generator here, so that samples of a batch are apart.
The critic has none: under a gradient penalty it learns faster without (docs/singan.md).
"""

from torch import Tensor, nn

from tgan.config.sizes import RECEPTIVE_FIELD
from tgan.models.layers import initialise

# Convolutions in a row: as many as see the receptive field.
KERNEL = 3
DEPTH = (RECEPTIVE_FIELD - 1) // (KERNEL - 1)
SLOPE = 0.2


def patch_layers(before: int, width: int, after: int, *, norms: bool) -> nn.Sequential:
    """Map images (N, before, H, W) to (N, after, H - 10, W - 10), from 11x11 pixels on.

    Args:
        norms: whether all layers but the last have a norm over the places of each image.

    Source: Shaham et al. 2019, section 2.2 and supplementary section on the architecture.
    """
    layers: list[nn.Module] = []
    for channels in [before, *[width] * (DEPTH - 2)]:
        layers.append(nn.Conv2d(channels, width, KERNEL, bias=not norms))
        layers += [nn.InstanceNorm2d(width, affine=True)] if norms else []
        layers.append(nn.LeakyReLU(SLOPE, inplace=True))
    return nn.Sequential(*layers, nn.Conv2d(width, after, KERNEL))


class PatchCritic(nn.Module):
    """Maps images (N, C, 1, H, W) of any size from 11x11 on to scores (N,).

    The layers score every patch of 11x11 pixels. A score is the sum of these over the root of their
    number P: its gradient is then as long as the root mean square over pixels of what the sum's is
    at each, whatever the size of the image. The authors take the mean, and penalise the norm of the
    sum's gradient pixel by pixel: scores here, and so what is paid by them, are sqrt(P) as large.

    Args:
        channels: C.
        num_frames: 1.
        resolution: taken as by other critics, and of no effect.
        width: channels of all layers but the last.
        init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: more than one frame.

    Example:
        >>> PatchCritic()(torch.zeros(2, 3, 1, 40, 25)).shape
        torch.Size([2])

    Source: Shaham et al. 2019; patches as Isola et al. 2017.
    """

    mixes_samples = False

    def __init__(
        self,
        *,
        channels: int = 3,
        num_frames: int = 1,
        resolution: int = 96,
        width: int = 32,
        init: str = "he_normal",
    ) -> None:
        super().__init__()
        if num_frames != 1:
            raise ValueError(f"num_frames {num_frames}: patch scores images, clips of 1 frame")
        self.layers = patch_layers(channels, width, 1, norms=False)
        initialise(self, init)

    def forward(self, images: Tensor) -> Tensor:
        scores = self.layers(images[:, :, 0]).flatten(1)
        return scores.sum(1) / scores.shape[1] ** 0.5
