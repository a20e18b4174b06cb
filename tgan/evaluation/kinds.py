"""Kinds of metrics: statistics over the features of any network, in batches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from tgan.metrics.diversity import ContentDistance, Diversity
from tgan.metrics.frechet import FrechetDistance
from tgan.metrics.histogram import ClassHistogram
from tgan.metrics.inception import InceptionScore
from tgan.metrics.kid import KernelDistance, block_size
from tgan.metrics.mmd import MomentDistance
from tgan.metrics.neighbours import NEAREST, Neighbours
from tgan.metrics.ratio import MeanRatio
from tgan.metrics.spectrum import TemporalDistance
from tgan.metrics.stability import StableClass
from tgan.metrics.state import State

# Inception scores over a quarter of the samples each, as the paper has four.
SCORES = 4


class Metric(Protocol):
    """Statistics of real and generated features that arrive in batches, equally many of each.

    Example (`docs/evaluation.md` has a whole one):
        >>> scores = tgan.evaluate(run, metrics=[("shift_pooled192", Shift())])
        >>> scores["shift_pooled192"].value
    """

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features of each, float64 (N, D), or (N, T, D) of a network of frames."""
        ...

    def result(self) -> dict[str, Any]:
        """`value`, a number or None, and what belongs to it, fit for JSON."""
        ...

    def state(self) -> State:
        """Everything, as arrays, so that an interrupted evaluation can go on."""
        ...

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        ...


@dataclass(frozen=True)
class Kind:
    """A statistic over any feature network.

    Attributes:
        make: from a network (`tgan.features.FeatureNetwork`) and a number of samples.
        arrange: features (N, T, D) of a network of frames, or probabilities (N, T, K), and the
            number of the first clip, to what the metric takes.
        needs_frames: makes sense for networks of frames only.
        reads_classes: takes probabilities instead of features.
        reads_one_frame: takes of each clip the frame of `of_one_frame` alone.
        keeps_matrix: needs memory for size x size numbers.
        fits_gaussian: has a singular covariance of no more different features than dimensions.
        neighbours: how many nearest others of each sample it looks at.
    """

    make: Callable[[Any, int], Metric]
    arrange: Callable[[np.ndarray, int], np.ndarray] | None = None
    needs_frames: bool = False
    reads_classes: bool = False
    reads_one_frame: bool = False
    keeps_matrix: bool = False
    fits_gaussian: bool = False
    neighbours: int = 0


def every_frame(features: np.ndarray, first: int) -> np.ndarray:
    """Every frame is a sample."""
    return rearrange(features, "n t d -> (n t) d")


def one_frame_each(features: np.ndarray, first: int) -> np.ndarray:
    """Frame k mod T of clip k: frames of one clip are too alike to count as separate samples."""
    count, frames = features.shape[:2]
    return features[np.arange(count), (first + np.arange(count)) % frames]


def of_one_frame(video: Tensor, first: int) -> Tensor:
    """Clips (N, C, 1, H, W) of the frames that `one_frame_each` takes of clips (N, C, T, H, W)."""
    count, frames = len(video), video.shape[2]
    return video[torch.arange(count), :, (first + torch.arange(count)) % frames].unsqueeze(2)


def mean_frame(features: np.ndarray, first: int) -> np.ndarray:
    """A clip is the mean of its frames."""
    return features.mean(1)


KINDS = {
    "frechet": Kind(
        lambda network, n: FrechetDistance(network.size),
        every_frame,
        keeps_matrix=True,
        fits_gaussian=True,
    ),
    "kid": Kind(
        lambda network, n: KernelDistance(network.size, block=block_size(n)),
        one_frame_each,
        reads_one_frame=True,
    ),
    "mmd2": Kind(
        lambda network, n: MomentDistance(network.size),
        one_frame_each,
        reads_one_frame=True,
        keeps_matrix=True,
    ),
    **{
        kind: Kind(
            lambda network, n, kind=kind: Neighbours(kind),
            one_frame_each,
            reads_one_frame=True,
            neighbours=nearest,
        )
        for kind, nearest in NEAREST.items()
    },
    "diversity": Kind(lambda network, n: Diversity(), mean_frame),
    "ratio": Kind(lambda network, n: MeanRatio(network.size), mean_frame),
    "temporal": Kind(lambda network, n: TemporalDistance(), needs_frames=True),
    "acd": Kind(lambda network, n: ContentDistance(), needs_frames=True),
    "inception_score": Kind(
        lambda network, n: InceptionScore(len(network.labels), group=max(n // SCORES, 1)),
        one_frame_each,
        reads_classes=True,
        reads_one_frame=True,
    ),
    "class_histogram": Kind(
        lambda network, n: ClassHistogram(network.labels),
        one_frame_each,
        reads_classes=True,
        reads_one_frame=True,
    ),
    "stable_class": Kind(lambda network, n: StableClass(), needs_frames=True, reads_classes=True),
}
