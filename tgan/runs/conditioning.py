"""Conditions of samples: the class or the input picture that each is generated under."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tgan.data.clips import ClipSource
from tgan.data.pixels import normalise
from tgan.lookup import look_up
from tgan.models.conditions import Conditioning
from tgan.sampling.plans import Plan, Samples


@dataclass(frozen=True)
class SampleConditions:
    """The conditions of N samples: none, classes, or input pictures.

    Attributes:
        tensors: what the generator takes after its latents: nothing, or one tensor (N, ...).
        classes: names of the classes (N,), or None.
        originals: images (N, 1, H, W, C), uint8, that input pictures were derived from, or None.
        conditioning: shows such pictures.
    """

    tensors: tuple[Tensor, ...] = ()
    classes: list[str] | None = None
    originals: np.ndarray | None = None
    conditioning: Conditioning | None = None

    @property
    def columns(self) -> int | None:
        """Columns of a grid that has a column per class; None where that is no use."""
        count = len(set(self.classes or ()))
        return count if 1 < count < len(self.classes or ()) else None

    def beside(self, videos: np.ndarray) -> np.ndarray:
        """Samples (N, T, H, W, C) between their input pictures and the originals of these."""
        if self.originals is None or self.conditioning is None:
            return videos
        shown = self.conditioning.beside(videos, self.tensors)
        return np.concatenate([shown, self.originals], axis=3)


def class_conditions(
    plan: Plan, classes: Sequence[str], labels: Sequence[str] | None = None
) -> SampleConditions:
    """The classes of a plan's samples: `labels` in turn, or all.

    Raises:
        ValueError: a label that is no class of the run, or more than the plan can have.
    """
    positions = {name: position for position, name in enumerate(classes)}
    wanted = classes if labels is None else labels
    choices = [look_up(positions, name, kind="label") for name in wanted]
    numbers = plan.classes(choices)
    return SampleConditions((torch.tensor(numbers),), [classes[number] for number in numbers])


def check_takes_pictures(plan: Plan) -> None:
    """Raise a ValueError for a plan of walks or sums, whose samples share no picture."""
    if not isinstance(plan, Samples):
        raise ValueError("a run that starts from pictures has samples, but no walks and no sums")


def picture_conditions(
    plan: Plan, source: ClipSource, conditioning: Conditioning
) -> SampleConditions:
    """Input pictures that are derived from the images of `source`, in turn.

    Raises:
        ValueError: as `check_takes_pictures`.
    """
    check_takes_pictures(plan)
    numbers = plan.classes(range(len(source)))
    originals = np.stack([source.clip(number, 0) for number in numbers])
    condition = conditioning.of(normalise(torch.from_numpy(originals)), torch.tensor(numbers))
    return SampleConditions(condition, originals=originals, conditioning=conditioning)
