"""How like one picture an image is inside: Fréchet distances between statistics of its places.

SinGAN's SIFID (Shaham et al. 2019, section 3) compares two images by the features of Inception's
first layers at all places of each. There are no such weights here; these are features of an
untrained network, so that numbers are none of a SIFID, on a scale of their own.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from tgan.metrics.frechet import GaussianStatistics, frechet_distance
from tgan.rng import Stream, seed_of

# Channels of the layers, whose kernels are 3x3.
WIDTHS = (32, 32, 64)
# Squares of this side have more places than the last layer has channels.
LEAST_SIDE = 15
NAME = f"single_frechet_random{WIDTHS[-1]}"


def single_frechet(image: Tensor, picture: Tensor) -> float:
    """Fréchet distance between the features of all places of two images; 0 for equal ones.

    Args:
        image, picture: (C, H, W) in [-1, 1], of any sizes with more than 64 places.

    Raises:
        ValueError: numbers of channels differ, or an image has fewer places than features.
    """
    if len(image) != len(picture):
        raise ValueError(f"an image of {len(image)} channels and a picture of {len(picture)}")
    fitted = [GaussianStatistics(WIDTHS[-1]) for _ in range(2)]
    for statistics, each in zip(fitted, (image, picture), strict=True):
        statistics.add(place_features(each).numpy())
    return frechet_distance(*fitted)


@torch.no_grad()
def place_features(image: Tensor) -> Tensor:
    """Features (P, 64), float64, of the P places of an image (C, H, W).

    Three layers of rectified 3x3 convolutions without padding, whose kernels are orthogonal ones
    that are always the same: each place sees 7x7 pixels.

    Raises:
        ValueError: there are fewer places than features.
    """
    height, width = image.shape[1:]
    places = max(height - 2 * len(WIDTHS), 0) * max(width - 2 * len(WIDTHS), 0)
    if places <= WIDTHS[-1]:
        raise ValueError(
            f"an image of {height}x{width} has {places} places, {WIDTHS[-1]} are too few"
        )
    maps = image.detach().cpu().double()[None]
    for layer, width in enumerate(WIDTHS):
        maps = F.conv2d(maps, _kernels(maps.shape[1], width, layer)).relu()
    return maps[0].flatten(1).T


def pixel_deviation(images: Tensor, picture: Tensor) -> float:
    """Standard deviation over images (N, C, H, W) of each value, averaged, over the picture's.

    Args:
        picture: (C, H, W), whose deviation is that of all its values.

    Source: Shaham et al. 2019, section 3 ("diversity"), of intensities there.
    """
    return float(images.double().std(0).mean() / picture.double().std())


def _kernels(before: int, width: int, layer: int) -> Tensor:
    """Orthogonal kernels (width, before, 3, 3), times the root of 2: rectifiers halve squares."""
    rng = torch.Generator().manual_seed(seed_of(Stream.PLACES, layer))
    normal = torch.randn(width, before * 9, generator=rng, dtype=torch.float64)
    tall = width > before * 9
    matrix = torch.linalg.qr(normal if tall else normal.T)[0]
    return 2**0.5 * (matrix if tall else matrix.T).reshape(width, before, 3, 3)
