"""What `tgan generate` tells the generator of each sample, and how it shows that beside them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tgan.config import Config
from tgan.lookup import look_up
from tgan.sampling.plans import Plan, Samples

if TYPE_CHECKING:
    from torch import Tensor

    from tgan.models.conditions import Condition


@dataclass(frozen=True)
class Told:
    """Nothing, a class, or a picture for each of N samples.

    Attributes:
        tensor: what the generator takes, (N, ...), or None.
        classes: names of the classes (N,), or None.
        originals: images (N, 1, H, W, C), uint8, that the pictures were made from, or None.
        condition: shows such pictures.
    """

    tensor: Tensor | None = None
    classes: list[str] | None = None
    originals: np.ndarray | None = None
    condition: Condition | None = None

    @property
    def columns(self) -> int | None:
        """Columns of a grid that has a column per class; None where there are no such."""
        count = len(set(self.classes or ()))
        return count if 1 < count < len(self.classes or ()) else None

    def beside(self, videos: np.ndarray) -> np.ndarray:
        """Samples (N, T, H, W, C) between the picture that each was told and its original."""
        if self.originals is None:
            return videos
        shown = self.condition.beside(videos, self.tensor)
        return np.concatenate([shown, self.originals], axis=3)


def what_is_told(arguments: Namespace, plan: Plan, config: Config) -> Told:
    """What the samples of a plan are told.

    Raises:
        ValueError: a class or pictures for a run that takes none, unknown ones, or a plan that
            such a run has no use for.
    """
    if arguments.label is not None and not config.conditional:
        raise ValueError(f"--label {arguments.label}: {arguments.checkpoint} has no classes")
    if arguments.given is not None and config.given is None:
        raise ValueError(f"--given {arguments.given}: {arguments.checkpoint} takes no pictures")
    if config.given is not None:
        return _pictures(arguments, plan, config)
    return _classes(arguments, plan, config) if config.conditional else Told()


def parse_labels(text: str, known: Sequence[str]) -> list[int]:
    """Positions in `known` of the class called `text`, or of several with commas between.

    Raises:
        ValueError: a name that is not known.
    """
    names = [text] if text in known else [name.strip() for name in text.split(",")]
    positions = {name: position for position, name in enumerate(known)}
    return [look_up(positions, name, kind="--label") for name in names]


def _classes(arguments: Namespace, plan: Plan, config: Config) -> Told:
    import torch

    names = config.data.labels
    choices = range(len(names)) if arguments.label is None else parse_labels(arguments.label, names)
    numbers = plan.classes(choices)
    return Told(torch.tensor(numbers), [names[number] for number in numbers])


def _pictures(arguments: Namespace, plan: Plan, config: Config) -> Told:
    """Of the pictures that --given names, in turn."""
    import torch

    from tgan.cli.subjects import real_clips
    from tgan.data.pixels import normalise
    from tgan.models.conditions import condition_of
    from tgan.runs.build import build_told

    if not isinstance(plan, Samples):
        raise ValueError(f"{arguments.checkpoint} starts from pictures: neither walks nor sums")
    if arguments.given is None:
        _, source = build_told(config)
    else:
        source, _ = real_clips(config, arguments.given)
    numbers = plan.classes(range(len(source)))
    originals = np.stack([source.clip(number, 0) for number in numbers])
    condition = condition_of(config)
    told = condition.of(normalise(torch.from_numpy(originals)), torch.tensor(numbers))
    return Told(told, originals=originals, condition=condition)
