"""Training of the small classifier, and how many clips it classifies correctly."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tgan.data.clips import ClipSource
from tgan.data.loader import ClipBatches, stream_batches
from tgan.features.classifier import VideoClassifier, classifier_input
from tgan.rng import Stream, numpy_rng, seed_of

LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 1e-3, 1e-2, 0.1
# Clips are moved by up to this part of their side, so that a place does not give a class away.
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
    """A classifier of the labels of `source`, in inference mode; a function of the seed.

    AdamW on the cross entropy, at a rate that climbs for a tenth of the steps and falls to 0.

    Args:
        source: every video has a label.
        side: of the frames that the network sees; the clips' are resized.
        report: called after every step with the loss.

    Raises:
        ArithmeticError: the loss is not finite.
    """
    network = _build(len(source.labels), seed).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = ClipBatches(source, batch_size=batch_size, seed=seed)
    stream = stream_batches(batches, first=0, workers=workers)
    for step, (clips, labels) in zip(range(steps), stream, strict=False):
        clips = shift(clips, numpy_rng(Stream.SHIFTS, seed, step))
        loss = F.cross_entropy(_logits(network, clips.to(device), side), labels.to(device))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate(step, steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        value = loss.item()
        if not np.isfinite(value):
            raise ArithmeticError(f"the classifier's loss is {value} at step {step}")
        report(value)
    return network.eval()


@torch.no_grad()
def count_correct(
    network: VideoClassifier,
    source: ClipSource,
    *,
    side: int,
    batch_size: int,
    device: str = "cpu",
) -> int:
    """How many videos are classified correctly by the clip in their middle."""
    correct = 0
    for begin in range(0, len(source), batch_size):
        indices = range(begin, min(begin + batch_size, len(source)))
        middles = [source.clip(i, (source.num_starts(i) - 1) // 2) for i in indices]
        clips = torch.from_numpy(np.stack(middles)).to(device)
        found = _logits(network, clips, side).argmax(1).tolist()
        correct += sum(a == source.label(i) for a, i in zip(found, indices, strict=True))
    return correct


def shift(clips: Tensor, rng: np.random.Generator) -> Tensor:
    """Clips (N, T, H, W, C), each moved by up to an eighth of its side, the edge repeated.

    All frames of a clip move alike.
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


def rate(step: int, steps: int) -> float:
    """The share of the learning rate in a step: up for a tenth of the steps, then down to 0."""
    return min((step + 1) / (WARM_UP * steps), (steps - step) / steps, 1.0)


def _build(num_classes: int, seed: int) -> VideoClassifier:
    with torch.random.fork_rng():
        torch.manual_seed(seed_of(Stream.WEIGHTS, seed))
        return VideoClassifier(num_classes)


def _logits(network: VideoClassifier, clips: Tensor, side: int) -> Tensor:
    return network(classifier_input(clips.expand(*clips.shape[:-1], 3), side))
