"""What both players are told of a sample: nothing, its class, or a picture that is made from it.

A picture that is made from a sample (its edges, say) turns a GAN into one that completes such
pictures: image-to-image translation, colouring, super-resolution.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange, reduce, repeat
from torch import Tensor
from torch.nn import functional as F

from tgan.config import Config
from tgan.data.channels import LUMA
from tgan.data.clips import ClipSource
from tgan.data.pixels import normalise, to_bytes
from tgan.lookup import look_up
from tgan.rng import Stream, numpy_rng

# A picture of low resolution has so many times fewer pixels a side.
COARSENING = 4


class Condition:
    """Nothing is told: the base class *is* an unconditional GAN.

    Attributes:
        num_labels: classes that networks are told of, 0 for none.
        given_channels: channels of the picture that networks are told of, 0 for none.
    """

    num_labels = 0
    given_channels = 0

    def of(self, samples: Tensor, labels: Tensor) -> Tensor | None:
        """What is told of samples (N, C, T, H, W) in [-1, 1] with labels (N,): (N, ...) or None."""
        return None

    def prior(self, source: ClipSource, seeds: Iterable[int]) -> Tensor | None:
        """What is told, for one sample per seed, drawn as often as it occurs in `source`."""
        return None

    def examples(self, source: ClipSource, count: int) -> Tensor | None:
        """What is told in a preview of `count` samples."""
        return None

    def beside(self, videos: np.ndarray, told: Tensor | None) -> np.ndarray:
        """Samples (N, T, H, W, C), uint8, with what they were made from, if that can be shown."""
        return videos


@dataclass(frozen=True)
class ByClass(Condition):
    """The class of a sample: (N,) int64."""

    num_labels: int

    def of(self, samples: Tensor, labels: Tensor) -> Tensor:
        return labels

    def prior(self, source: ClipSource, seeds: Iterable[int]) -> Tensor:
        return torch.tensor([source.label(index) for index in draw(source, seeds)])

    def examples(self, source: ClipSource, count: int) -> Tensor:
        return torch.arange(count) % self.num_labels


@dataclass(frozen=True)
class ByPicture(Condition):
    """A picture (N, given_channels, T, H, W) in [-1, 1] that is made from a sample.

    Attributes:
        make: from samples (N, C, T, H, W) in [-1, 1] to pictures.
    """

    make: Callable[[Tensor], Tensor]
    given_channels: int

    def of(self, samples: Tensor, labels: Tensor) -> Tensor:
        return self.make(samples)

    def prior(self, source: ClipSource, seeds: Iterable[int]) -> Tensor:
        return self._of_clips(source, draw(source, seeds))

    def examples(self, source: ClipSource, count: int) -> Tensor:
        indices = np.linspace(0, len(source) - 1, count).round().astype(int)
        return self._of_clips(source, indices.tolist())

    def beside(self, videos: np.ndarray, told: Tensor) -> np.ndarray:
        given = to_bytes(told).cpu().numpy()
        if given.shape[-1] == 1:
            given = repeat(given, "n t h w 1 -> n t h w c", c=videos.shape[-1])
        return np.concatenate([given, videos], axis=3)

    def _of_clips(self, source: ClipSource, indices: Sequence[int]) -> Tensor:
        clips = np.stack([source.clip(index, 0) for index in indices])
        return self.make(normalise(torch.from_numpy(clips)))


def condition_of(config: Config) -> Condition:
    """What the networks of an experiment are told; its `data.labels` are filled in."""
    if config.given is not None:
        make, channels = look_up(PICTURES, config.given, kind="given")
        return ByPicture(make, channels or config.data.channels)
    return ByClass(len(config.data.labels)) if config.conditional else Condition()


def draw(source: ClipSource, seeds: Iterable[int]) -> list[int]:
    """The number of one clip of `source` per seed, each a function of its seed alone."""
    return [int(numpy_rng(Stream.CLASSES, seed).integers(len(source))) for seed in seeds]


def grey(samples: Tensor) -> Tensor:
    """The luma of samples (N, C, T, H, W): (N, 1, T, H, W); further channels are left out."""
    if samples.shape[1] == 1:
        return samples
    weights = samples.new_tensor(LUMA).view(1, 3, 1, 1, 1)
    return (samples[:, :3] * weights).sum(1, keepdim=True)


def edges(samples: Tensor) -> Tensor:
    """Where the luma of samples (N, C, T, H, W) changes, white on black: (N, 1, T, H, W).

    The length of Sobel's gradient over the two axes of a frame, its edge repeated; 1 is a step
    from black to white.

    Source: Sobel and Feldman 1968.
    """
    smooth, slope = (
        samples.new_tensor([1.0, 2.0, 1.0]) / 4,
        samples.new_tensor([-1.0, 0.0, 1.0]) / 2,
    )
    across = smooth[:, None] * slope
    kernels = torch.stack([across, across.T])[:, None]
    frames = rearrange(grey(samples), "n 1 t h w -> (n t) 1 h w")
    gradient = F.conv2d(F.pad(frames, (1, 1, 1, 1), mode="replicate"), kernels)
    length = gradient.square().sum(1, keepdim=True).sqrt().clamp(max=1)
    return rearrange(length * 2 - 1, "(n t) 1 h w -> n 1 t h w", n=len(samples))


def low_resolution(samples: Tensor) -> Tensor:
    """Samples (N, C, T, H, W) averaged over squares of 4x4 pixels: of the same shape."""
    coarse = reduce(samples, "n c t (h a) (w b) -> n c t h w", "mean", a=COARSENING, b=COARSENING)
    return repeat(coarse, "n c t h w -> n c t (h a) (w b)", a=COARSENING, b=COARSENING)


# What makes a picture, and how many channels it has; None is as many as the sample.
PICTURES: dict[str, tuple[Callable[[Tensor], Tensor], int | None]] = {
    "edges": (edges, 1),
    "grey": (grey, 1),
    "low_resolution": (low_resolution, None),
}
