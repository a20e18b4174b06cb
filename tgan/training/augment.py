"""Random changes to all that a critic sees, so that it cannot learn few real samples by heart.

They apply to real and generated samples alike and are differentiable, so that a generator learns
through them and need not imitate them. A clip is changed alike in all of its frames, or its
motion would be lost. (Zhao et al. 2020, DiffAugment, which has these but for flip and shift.)
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from tgan.lookup import look_up
from tgan.rng.noise import Noise

# Zhao et al.'s code: shifts reach an eighth of a side, holes are half as high and wide.
SHIFT_FRACTION, HOLE_FRACTION = 8, 2


@dataclass(frozen=True)
class Augmentation:
    """Changes samples at random, each in its own way, in the order of `AUGMENTATIONS`.

    Values may leave [-1, 1]. A constraint that goes through it bounds the critic together with
    it; `colour` alone is up to 3 times as steep as the identity.

    Attributes:
        names: of members of `AUGMENTATIONS`, in any order; none changes nothing.

    Raises:
        ValueError: no such augmentation.
    """

    names: Collection[str]

    def __post_init__(self) -> None:
        for name in self.names:
            look_up(AUGMENTATIONS, name, kind="augmentation")

    def __call__(self, samples: Tensor, noise: Noise) -> Tensor:
        """Samples (N, C, T, H, W) or (N, C, H, W) in [-1, 1], changed.

        Raises:
            ValueError: samples of another rank.
        """
        if self.names and samples.ndim not in (4, 5):
            raise ValueError(
                f"augmentation of samples of shape {tuple(samples.shape)}; "
                "(N, C, T, H, W) or (N, C, H, W) is needed"
            )
        for name, change in AUGMENTATIONS.items():
            if name in self.names:
                samples = change(samples, noise)
        return samples


def flip(samples: Tensor, noise: Noise) -> Tensor:
    """Mirror every other sample, on average, left to right."""
    return torch.where(_uniform(samples, noise) < 0.5, samples.flip(-1), samples)


def colour(samples: Tensor, noise: Noise) -> Tensor:
    """Change brightness, then saturation, then contrast.

    Brightness adds a number on [-0.5, 0.5). Saturation multiplies distances to a pixel's mean over
    channels by one on [0, 2), which does nothing to a single channel. Contrast multiplies
    distances to the sample's mean by one on [0.5, 1.5).
    """
    brightness, saturation, contrast = (
        _uniform(samples, noise).to(samples.dtype) for _ in range(3)
    )
    samples = samples + (brightness - 0.5)
    grey = samples.mean(1, keepdim=True)
    samples = grey + 2 * saturation * (samples - grey)
    mean = samples.mean(tuple(range(1, samples.ndim)), keepdim=True)
    return mean + (contrast + 0.5) * (samples - mean)


def shift(samples: Tensor, noise: Noise) -> Tensor:
    """Shift by whole pixels, up to an eighth of each side; outside of it the edge is repeated."""
    height, width = samples.shape[-2:]
    rows = _picked(height, _uniform(samples, noise)).to(samples.dtype)
    columns = _picked(width, _uniform(samples, noise)).to(samples.dtype)
    # Products, whose gradients are deterministic, also where a pixel is taken several times.
    return torch.einsum("nih,n...hw,njw->n...ij", rows, samples, columns)


def translation(samples: Tensor, noise: Noise) -> Tensor:
    """Shift by whole pixels, up to an eighth of each side; what comes in from outside is 0."""
    height, width = samples.shape[-2:]
    rows, rows_inside = _shifted(height, _uniform(samples, noise))
    columns, columns_inside = _shifted(width, _uniform(samples, noise))
    # Pixels that leave come in again on the other side and are blanked there: a permutation has
    # a deterministic gradient.
    sources = rearrange(rows, "n h -> n 1 h 1") * width + rearrange(columns, "n w -> n 1 1 w")
    flat = samples.reshape(len(samples), -1, height * width)
    moved = flat.gather(-1, sources.flatten(2).expand_as(flat)).view(samples.shape)
    return moved.masked_fill(~_box(samples, rows_inside, columns_inside), 0)


def cutout(samples: Tensor, noise: Noise) -> Tensor:
    """Set a box, half as high and half as wide as the sample, to 0; parts may lie outside it."""
    height, width = samples.shape[-2:]
    rows = _in_hole(height, _uniform(samples, noise))
    columns = _in_hole(width, _uniform(samples, noise))
    return samples.masked_fill(_box(samples, rows, columns), 0)


# In the order of application: what is out of the picture stays 0, as colour comes before.
AUGMENTATIONS = {
    "flip": flip,
    "colour": colour,
    "shift": shift,
    "translation": translation,
    "cutout": cutout,
}


def _uniform(samples: Tensor, noise: Noise) -> Tensor:
    """One number on [0, 1) per sample, (N, 1, ..., 1); float32, as half precision rounds to 1."""
    like = samples.new_empty(0, dtype=torch.float32)
    return noise.uniform((len(samples), *[1] * (samples.ndim - 1)), like)


def _shifted(side: int, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """Where each place of a shifted axis comes from, (N, side), and whether that is inside."""
    sources = _sources(side, uniform)
    return sources % side, (sources >= 0) & (sources < side)


def _picked(side: int, uniform: Tensor) -> Tensor:
    """Whether a place of a shifted axis shows another one: (N, side, side)."""
    sources = _sources(side, uniform).clamp(0, side - 1)
    return sources[..., None] == torch.arange(side, device=uniform.device)


def _sources(side: int, uniform: Tensor) -> Tensor:
    """Where each place of a shifted axis would come from, (N, side), also from outside."""
    reach = side // SHIFT_FRACTION
    moved = _integer(uniform, 2 * reach + 1) - reach
    return torch.arange(side, device=uniform.device) - moved


def _in_hole(side: int, uniform: Tensor) -> Tensor:
    """Whether each place of an axis is in a hole, (N, side), whose centre is anywhere on it."""
    size = side // HOLE_FRACTION
    start = _integer(uniform, side + 1 - size % 2) - size // 2
    places = torch.arange(side, device=uniform.device)
    return (places >= start) & (places < start + size)


def _integer(uniform: Tensor, count: int) -> Tensor:
    """A number on [0, 1) per sample as an integer from 0 to count - 1, (N, 1)."""
    return rearrange((uniform * count).long(), "n ... -> n (...)")


def _box(samples: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Pixels whose row and column are both marked, to be broadcast over channels and frames."""
    box = rearrange(rows, "n h -> n h 1") & rearrange(columns, "n w -> n 1 w")
    return box.view(len(samples), *[1] * (samples.ndim - 3), *box.shape[1:])
