"""Training of the small video classifier, and its accuracy."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tgan.data.clips import ClipSource
from tgan.data.loader import ClipBatches, stream_batches
from tgan.features.classifier import VideoClassifier, classifier_input
from tgan.rng import Stream, numpy_rng
from tgan.rng.weights import seeded
from tgan.system.device import fuses
from tgan.training.rates import trapezoid
from tgan.training.supervised import supervised

LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 1e-3, 1e-2, 0.1
# Clips are shifted by up to this share of their side, so that a class does not depend on a place.
MAX_SHIFT = 1 / 8


def train_classifier(
    source: ClipSource,
    *,
    side: int,
    steps: int,
    batch_size: int,
    seed: int,
    device: str = "cpu",
    workers: int = 0,
    report: Callable[[float], None] = lambda loss: None,
) -> VideoClassifier:
    """Train a classifier of the labels of `source`; a function of the seed.

    AdamW minimises the cross entropy, at a rate that climbs for a tenth of the steps and falls to
    0. Every clip is shifted at random, see `shift`.

    Args:
        source: clips, every video of which has a label.
        side: of the frames that the network sees; those of the clips are resized.
        steps: updates in all.
        batch_size: clips in a step.
        seed: of weights, order and shifts.
        device: where the network is trained, and stays.
        workers: processes that load clips; 0 loads them in this one.
        report: is called after every step with the loss.

    Returns:
        the classifier, in inference mode.

    Raises:
        ArithmeticError: the loss is not finite.
    """
    network = _build(len(source.labels), seed).to(device)
    stream = stream_batches(
        ClipBatches(source, batch_size=batch_size, seed=seed), first=0, workers=workers
    )
    shifted = (
        (shift(clips, numpy_rng(Stream.SHIFTS, seed, step)).to(device), labels.to(device))
        for step, (clips, labels) in enumerate(stream)
    )

    def loss(network: VideoClassifier, batch: tuple[Tensor, Tensor]) -> Tensor:
        clips, labels = batch
        return F.cross_entropy(_logits(network, clips, side), labels)

    supervised(
        network,
        loss,
        shifted,
        torch.optim.AdamW(
            network.parameters(),
            LEARNING_RATE,
            weight_decay=WEIGHT_DECAY,
            fused=fuses(network.parameters()),
        ),
        steps=steps,
        rate=trapezoid(steps, warm_up=WARM_UP, cool_down=1.0),
        report=report,
        name="classifier",
    )
    return network


@torch.no_grad()
def count_correct(
    network: VideoClassifier,
    source: ClipSource,
    *,
    side: int,
    batch_size: int,
    device: str = "cpu",
) -> int:
    """Count the videos of which the clip in the middle is classified correctly."""
    correct = 0
    for begin in range(0, len(source), batch_size):
        indices = range(begin, min(begin + batch_size, len(source)))
        middles = [source.clip(i, (source.num_starts(i) - 1) // 2) for i in indices]
        clips = torch.from_numpy(np.stack(middles)).to(device)
        found = _logits(network, clips, side).argmax(1).tolist()
        correct += sum(a == source.label(i) for a, i in zip(found, indices, strict=True))
    return correct


def shift(clips: Tensor, rng: np.random.Generator) -> Tensor:
    """Shift each clip (N, T, H, W, C) by up to an eighth of its side, and repeat its edge.

    All frames of a clip are shifted alike.
    """
    height, width = clips.shape[2:4]
    reach = int(max(height, width) * MAX_SHIFT)
    ways = rng.integers(-reach, reach + 1, (len(clips), 2)).tolist()
    moved = torch.empty_like(clips)
    for target, clip, (down, right) in zip(moved, clips, ways, strict=True):
        rows = (torch.arange(height) - down).clamp(0, height - 1)
        columns = (torch.arange(width) - right).clamp(0, width - 1)
        target.copy_(clip[:, rows][:, :, columns])
    return moved


def _build(num_classes: int, seed: int) -> VideoClassifier:
    return seeded(lambda: VideoClassifier(num_classes), seed)


def _logits(network: VideoClassifier, clips: Tensor, side: int) -> Tensor:
    return network(classifier_input(clips.expand(*clips.shape[:-1], 3), side))
