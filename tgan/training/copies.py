"""Copies of training clips among samples: each far nearer to one of them than others are.

A sample is held against the training clip nearest to it, and its distance against the distance of
that clip from the nearest one of another video: 0 is a copy, 0.5 half way between the two, and 0.7
the mean of many that have nothing in common. What training clips themselves have there, if each
video in turn is left out, says what comes by chance.

The idea is that of Meehan et al. 2020 (samples nearer than held-back data are) with the relative
distance of Carlini et al. 2023.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool3d

# A sample is a copy below this relative distance.
_COPY = 0.4
# How improbable it has to be that so many samples are as near by chance.
_CHANCE = 1e-4
# With fewer videos nothing tells what comes by chance.
_VIDEOS = 3
# Clips are compared at so many frames, rows and columns, in which fine noise is no difference.
_SIZE = (4, 16, 16)


class Copies:
    """Training clips that samples may be copies of.

    Args:
        clips: batches of them, uint8 (N, T, H, W, C).
        videos: the number of the video of each.

    Example:
        >>> copies = Copies([clips], videos=[0, 1, 2, 2])
        >>> copies.are(samples)
        False
    """

    def __init__(self, clips: Iterable[np.ndarray], videos: Sequence[int] | np.ndarray) -> None:
        self._clips = torch.cat([_pooled(each) for each in clips])
        self._videos = torch.as_tensor(np.asarray(videos))
        self._apart = _distances(self._clips, self._clips)
        self._apart[self._videos[:, None] == self._videos] = torch.inf
        self.chance = self._of_left_out()

    def share(self, samples: np.ndarray) -> float:
        """The share of samples, uint8 (N, T, H, W, C), that are copies."""
        distances, nearest = _distances(_pooled(samples), self._clips).min(1)
        return float((distances < _COPY * self._apart.min(1).values[nearest]).double().mean())

    def are(self, samples: np.ndarray) -> bool:
        """Whether more samples are copies than can be by chance."""
        # Half a second of imports, which runs without previews do without.
        from scipy.stats import binom

        found = round(self.share(samples) * len(samples))
        return bool(binom.sf(found - 1, len(samples), self.chance) < _CHANCE)

    def _of_left_out(self) -> float:
        """How often a clip of a video that is left out would be called a copy of another."""
        num_videos = len(self._videos.unique())
        if num_videos < _VIDEOS:
            return 1.0
        copies = set()
        distances, nearest = self._apart.min(1)
        for distance, clip, video in zip(distances, nearest, self._videos, strict=True):
            if distance < _COPY * self._apart[clip][self._videos != video].min():
                copies.add(int(video))
        return (len(copies) + 1) / (num_videos + 1)


def _pooled(clips: np.ndarray) -> Tensor:
    """Means over blocks of clips (N, T, H, W, C): (N, D), float64."""
    found = torch.from_numpy(clips).movedim(-1, 1).float()
    frames, height, width = map(min, _SIZE, found.shape[2:])
    return adaptive_avg_pool3d(found, (frames, height, width)).flatten(1).double()


def _distances(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
