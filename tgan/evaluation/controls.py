"""Negative controls: corrupted real clips.

A metric that does not rank them worse is blind to that corruption.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tgan.data.pixels import normalise
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


# `real` is what a perfect generator would get: the floor.
CONTROLS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "real": lambda clips, first: clips,
    "shuffled": shuffled,
    "frozen": frozen,
    "noise": noise,
}


class ControlClips:
    """Real clips, changed as the control `name` says; clip k depends on k alone.

    Raises:
        ValueError: no such control.
    """

    def __init__(self, name: str, real: RealClips) -> None:
        self.change, self.real = look_up(CONTROLS, name, kind="control"), real

    def __call__(self, first: int, count: int) -> Tensor:
        clips = self.real.draw(first, count)[0].numpy()
        return normalise(torch.from_numpy(self.change(clips, first)).to(self.real.device))


def _rng(*keys: int) -> np.random.Generator:
    return numpy_rng(Stream.CONTROLS, *keys)
