"""Negative controls: corrupted real clips.

A metric that does not rank them worse is blind to that corruption.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import uniform_filter
from torch import Tensor

from tgan.data.clips import ClipSource
from tgan.data.pixels import normalise
from tgan.data.subset import Subset
from tgan.evaluation.streams import RealClips
from tgan.lookup import look_up
from tgan.rng import Stream, numpy_rng


def frozen(clips: np.ndarray, first: int) -> np.ndarray:
    """Clips (N, T, H, W, C) whose first frame stands still."""
    return np.repeat(clips[:, :1], clips.shape[1], axis=1)


def shuffled(clips: np.ndarray, first: int) -> np.ndarray:
    """Clips (N, T, H, W, C) with their frames in random order: the same pictures, no motion."""
    orders = [_rng(1, first + k).permutation(clips.shape[1]) for k in range(len(clips))]
    return np.stack([clip[order] for clip, order in zip(clips, orders, strict=True)])


def noise(clips: np.ndarray, first: int) -> np.ndarray:
    """Uniformly random bytes, nothing of the clips (N, T, H, W, C) but their shape."""
    return np.stack(
        [_rng(2, first + k).integers(0, 256, clip.shape, np.uint8) for k, clip in enumerate(clips)]
    )


def reversed_in_time(clips: np.ndarray, first: int) -> np.ndarray:
    """Clips (N, T, H, W, C) from their last frame to their first."""
    return clips[:, ::-1].copy()


def slow(clips: np.ndarray, first: int) -> np.ndarray:
    """The first halves of clips (N, T, H, W, C), each frame of them twice."""
    return np.repeat(clips, 2, axis=1)[:, : clips.shape[1]]


def blurred(clips: np.ndarray, first: int) -> np.ndarray:
    """Clips (N, T, H, W, C) whose pixels are means of 3x3."""
    return _as_bytes(uniform_filter(clips.astype(np.float32), (1, 1, 3, 3, 1), mode="nearest"))


def grainy(clips: np.ndarray, first: int) -> np.ndarray:
    """Clips (N, T, H, W, C) with normal noise of 8 levels in each byte."""
    noises = [_rng(3, first + k).normal(0, 8, clip.shape) for k, clip in enumerate(clips)]
    return _as_bytes(clips + np.stack(noises))


def flickering(clips: np.ndarray, first: int) -> np.ndarray:
    """Clips (N, T, H, W, C), each frame of which is darker or brighter by up to a third."""
    gains = [_rng(4, first + k).uniform(2 / 3, 4 / 3, len(clip)) for k, clip in enumerate(clips)]
    return _as_bytes(clips * np.stack(gains)[:, :, None, None, None])


def tinted(clips: np.ndarray, first: int) -> np.ndarray:
    """Clips (N, T, H, W, C) whose first channel is brighter by 24 levels."""
    return _as_bytes(clips + np.float32(24) * (np.arange(clips.shape[-1]) == 0))


def cropped(clips: np.ndarray, first: int) -> np.ndarray:
    """The middle three quarters of clips (N, T, H, W, C), enlarged by repeated pixels."""
    rows, columns = (
        np.floor(size / 8 + (np.arange(size) + 0.5) * 3 / 4).astype(int)
        for size in clips.shape[2:4]
    )
    return clips[:, :, rows][:, :, :, columns]


def mirrored(clips: np.ndarray, first: int) -> np.ndarray:
    """Clips (N, T, H, W, C), left for right."""
    return clips[:, :, :, ::-1].copy()


def one_video(source: ClipSource) -> ClipSource:
    """The first video alone."""
    return Subset(source, [0])


def without_a_class(source: ClipSource) -> ClipSource:
    """All videos but those of the class of the first one.

    Raises:
        ValueError: no other class is left.
    """
    missing = source.label(0)
    rest = [index for index in range(len(source)) if source.label(index) != missing]
    if missing is None or not rest:
        raise ValueError("control incomplete needs clips of two classes at least")
    return Subset(source, rest)


@dataclass(frozen=True)
class Control:
    """What is done to real clips.

    Attributes:
        change: of bytes (N, T, H, W, C), the first of which is clip `first`.
        takes: which videos are drawn from.
    """

    change: Callable[[np.ndarray, int], np.ndarray] = lambda clips, first: clips
    takes: Callable[[ClipSource], ClipSource] = lambda source: source


# `real` is what a perfect generator would get: the floor.
CONTROLS = {
    "real": Control(),
    "shuffled": Control(shuffled),
    "frozen": Control(frozen),
    "noise": Control(noise),
    "reversed": Control(reversed_in_time),
    "slow": Control(slow),
    "repeated": Control(takes=one_video),
    "incomplete": Control(takes=without_a_class),
    "blurred": Control(blurred),
    "grainy": Control(grainy),
    "flickering": Control(flickering),
    "tinted": Control(tinted),
    "cropped": Control(cropped),
    "mirrored": Control(mirrored),
}


class ControlClips:
    """Real clips, changed as the control `name` says; clip k depends on k alone.

    Raises:
        ValueError: no such control, or clips that it cannot be made of.
    """

    def __init__(self, name: str, real: RealClips) -> None:
        control = look_up(CONTROLS, name, kind="control")
        self.change, self.real = control.change, real.of(control.takes(real.source))

    def __call__(self, first: int, count: int) -> Tensor:
        clips = self.real.draw(first, count)[0].numpy()
        return normalise(torch.from_numpy(self.change(clips, first)).to(self.real.device))


def _as_bytes(values: np.ndarray) -> np.ndarray:
    return values.round().clip(0, 255).astype(np.uint8)


def _rng(*keys: int) -> np.random.Generator:
    return numpy_rng(Stream.CONTROLS, *keys)
