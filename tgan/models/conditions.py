"""Conditioning: what generator and critic receive beside a sample.

Nothing, its class label, or an input picture derived from it. A picture that is derived from a
sample (its edges, say) turns a GAN into one that completes such pictures: image-to-image
translation, colouring, super-resolution.
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


class Conditioning:
    """No condition: the base class *is* an unconditional GAN.

    Conditions are tuples of the arguments that networks take after their first: empty, or with
    one tensor (N, ...).

    Attributes:
        num_labels: classes that networks are built for, 0 for none.
        input_channels: channels of the input picture that networks are built for, 0 for none.
    """

    num_labels = 0
    input_channels = 0

    def of(self, samples: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
        """The condition of samples (N, C, T, H, W) in [-1, 1] with labels (N,)."""
        return ()

    def prior(self, source: ClipSource, seeds: Iterable[int]) -> tuple[Tensor, ...]:
        """A condition for one sample per seed, drawn as often as it occurs in `source`."""
        return ()

    def examples(self, source: ClipSource, count: int) -> tuple[Tensor, ...]:
        """The condition of a preview of `count` samples."""
        return ()

    def beside(self, videos: np.ndarray, condition: tuple[Tensor, ...]) -> np.ndarray:
        """Samples (N, T, H, W, C), uint8, with the input pictures beside them, if there are any."""
        return videos


@dataclass(frozen=True)
class OnClass(Conditioning):
    """The class label of a sample: (N,) int64."""

    num_labels: int

    def of(self, samples: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
        return (labels,)

    def prior(self, source: ClipSource, seeds: Iterable[int]) -> tuple[Tensor, ...]:
        return (torch.tensor([source.label(index) for index in draw(source, seeds)]),)

    def examples(self, source: ClipSource, count: int) -> tuple[Tensor, ...]:
        return (torch.arange(count) % self.num_labels,)


@dataclass(frozen=True)
class OnPicture(Conditioning):
    """An input picture (N, input_channels, T, H, W) in [-1, 1] that is derived from a sample.

    Attributes:
        derive: from samples (N, C, T, H, W) in [-1, 1] to pictures.
    """

    derive: Callable[[Tensor], Tensor]
    input_channels: int

    def of(self, samples: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
        return (self.derive(samples),)

    def prior(self, source: ClipSource, seeds: Iterable[int]) -> tuple[Tensor, ...]:
        return self._of_clips(source, draw(source, seeds))

    def examples(self, source: ClipSource, count: int) -> tuple[Tensor, ...]:
        indices = np.linspace(0, len(source) - 1, count).round().astype(int)
        return self._of_clips(source, indices.tolist())

    def beside(self, videos: np.ndarray, condition: tuple[Tensor, ...]) -> np.ndarray:
        pictures = to_bytes(condition[0]).cpu().numpy()
        if pictures.shape[-1] == 1:
            pictures = repeat(pictures, "n t h w 1 -> n t h w c", c=videos.shape[-1])
        return np.concatenate([pictures, videos], axis=3)

    def _of_clips(self, source: ClipSource, indices: Sequence[int]) -> tuple[Tensor, ...]:
        clips = np.stack([source.clip(index, 0) for index in indices])
        return (self.derive(normalise(torch.from_numpy(clips))),)


def conditioning_of(config: Config, classes: Sequence[str] = ()) -> Conditioning:
    """The conditioning of an experiment.

    Args:
        classes: names of those of its data; read where the experiment is conditional.

    Raises:
        ValueError: `data.input` is not a key of `PICTURES`, or there are no classes to condition
            on.
    """
    if config.data.input is not None:
        derive, channels = look_up(PICTURES, config.data.input, kind="data.input")
        return OnPicture(derive, channels or config.data.channels)
    if not config.conditional:
        return Conditioning()
    if not classes:
        raise ValueError("conditional true needs the names of the classes, and there are none")
    return OnClass(len(classes))


def draw(source: ClipSource, seeds: Iterable[int]) -> list[int]:
    """The number of one clip of `source` per seed, each a function of its seed alone."""
    return [int(numpy_rng(Stream.CLASSES, seed).integers(len(source))) for seed in seeds]


def grey(samples: Tensor) -> Tensor:
    """The luma of samples (N, C, T, H, W): (N, 1, T, H, W); further channels are left out."""
    if samples.shape[1] == 1:
        return samples
    red, green, blue = (
        weight * channel for weight, channel in zip(LUMA, samples[:, :3].split(1, 1), strict=True)
    )
    return red + green + blue


def edges(samples: Tensor) -> Tensor:
    """Where the luma of samples (N, C, T, H, W) changes, white on black: (N, 1, T, H, W).

    The length of Sobel's gradient over the two axes of a frame, its edge repeated; 1 is a step
    from black to white.

    Source: Sobel and Feldman 1968.
    """
    # Computed where the samples are: a device would be waited for to take them over.
    places = torch.arange(-1, 2, dtype=samples.dtype, device=samples.device)
    smooth, slope = (2 - places.abs()) / 4, places / 2
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


# How a picture is derived, and how many channels it has; None is as many as the sample.
PICTURES: dict[str, tuple[Callable[[Tensor], Tensor], int | None]] = {
    "edges": (edges, 1),
    "grey": (grey, 1),
    "low_resolution": (low_resolution, None),
}
