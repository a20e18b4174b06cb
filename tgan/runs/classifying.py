"""Classes of clips by the critic of a run that learned them, and how many it gets right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from tgan.data.clips import ClipSource
from tgan.data.pixels import normalise
from tgan.lookup import counted

if TYPE_CHECKING:
    from tgan.runs.trained import TrainedRun

BATCH = 64


class Classifier(nn.Module):
    """Maps clips (N, C, T, H, W) in [-1, 1] to probabilities of classes (N, K).

    Args:
        critic: that has `logits`, such as `tgan.models.VideoCritic` of so many `num_classes`.

    Example:
        >>> critic = VideoCritic(num_classes=10)
        >>> Classifier(critic)(torch.zeros(2, 3, 16, 64, 64)).shape
        torch.Size([2, 10])
    """

    def __init__(self, critic: nn.Module) -> None:
        super().__init__()
        self.critic = critic

    def forward(self, clips: Tensor) -> Tensor:
        return self.critic.logits(clips).softmax(1)  # type: ignore[operator]


@torch.no_grad()
def probabilities_of(
    classifier: nn.Module, source: ClipSource, *, device: torch.device | str = "cpu"
) -> np.ndarray:
    """The probabilities of classes of all clips: (N, K), float32; of a video its middle counts."""
    found = []
    for begin in range(0, len(source), BATCH):
        indices = range(begin, min(begin + BATCH, len(source)))
        clips = np.stack([source.clip(i, (source.num_starts(i) - 1) // 2) for i in indices])
        found.append(classifier(normalise(torch.from_numpy(clips).to(device))).float().cpu())
    return torch.cat(found).numpy()


def guesses_right(
    probabilities: np.ndarray, source: ClipSource, classes: Sequence[str]
) -> np.ndarray:
    """Whether the most probable class is the right one, of the clips that have one: (M,), bool.

    Args:
        probabilities: (N, K), one row for each clip of the source.
        classes: K names.

    Raises:
        ValueError: the source has a class that is not among them.
    """
    unknown = sorted(set(source.labels) - set(classes))
    if unknown:
        raise ValueError(
            f"clips of a class '{unknown[0]}'; the classifier knows {', '.join(classes)}"
        )
    known = [(i, k) for i in range(len(source)) if (k := source.label(i)) is not None]
    guessed = probabilities.argmax(1)
    return np.array([classes[guessed[i]] == source.labels[k] for i, k in known], bool)


def describe_right(right: np.ndarray) -> str:
    """How many are right, in words."""
    wrong = int((~right).sum())
    return f"accuracy {right.mean():.2%} ({wrong} of {counted(len(right), 'clip')} wrong)"


def check_classifies(run: "TrainedRun") -> None:
    """Raise a ValueError for a run without a critic that learned classes."""
    if run.checkpoint is None:
        raise ValueError(
            f"'{run.path}' has no classifier: an exported folder holds a generator alone; take the "
            "run, or a checkpoint of it"
        )
    if not run.config.classifies:
        raise ValueError(
            f"'{run.path}' has no classifier: its critic learned no classes "
            "(train.cross_entropy_weight 0)"
        )
