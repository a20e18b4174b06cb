"""Pictures to be scored, all of them at once, with their names and classes."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tgan.anomaly.images.names import HELD_OUT
from tgan.config.data_sets import DATA_SETS
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_held_out, open_like
from tgan.data.own.source import as_source
from tgan.data.pixels import normalise
from tgan.lookup import counted, look_up
from tgan.runs.trained import TrainedRun


@dataclass(frozen=True, eq=False)
class Pictures:
    """N pictures with their names and classes.

    Attributes:
        source: clips of one frame, of which these are all.
        origin: where they come from: a path, `held-out`, or what kind of object they were.
    """

    source: ClipSource
    origin: str

    def __len__(self) -> int:
        return len(self.source)

    @cached_property
    def tensor(self) -> Tensor:
        """(N, C, 1, H, W) in [-1, 1), float32, on the CPU."""
        return picture_tensor(self.source)

    @property
    def names(self) -> list[str]:
        """Names of the files, or numbers from 0."""
        return list(getattr(self.source, "names", [])) or [str(n) for n in range(len(self))]

    @property
    def classes(self) -> list[str | None]:
        """The class of each picture, None for one without a class."""
        numbers = [self.source.label(index) for index in range(len(self))]
        return [None if number is None else self.source.labels[number] for number in numbers]

    def is_abnormal(self, normal: Sequence[str]) -> np.ndarray:
        """Tell pictures of other classes from those of the normal ones: (N,), bool.

        Args:
            normal: names of classes.

        Raises:
            ValueError: a picture has no class, a class does not exist, or all pictures would be
                normal, or all abnormal.
        """
        named, classes = f"normal classes {', '.join(normal)}", self.classes
        if None in classes:
            raise ValueError(
                f"{named}: not all pictures have a class, as those of a folder per class do"
            )
        existing = {name: name for name in self.source.labels}
        kept = {look_up(existing, name, kind="normal class") for name in normal}
        abnormal = np.array([name not in kept for name in classes])
        if abnormal.all() or not abnormal.any():
            kind = "abnormal" if abnormal.all() else "normal"
            raise ValueError(f"{named}: all {counted(len(classes), 'picture')} are {kind} then")
        return abnormal


def open_pictures(
    run: TrainedRun,
    pictures: Any,
    *,
    labels: Sequence[Any] | None = None,
    labels_key: str | None = None,
) -> Pictures:
    """Open pictures at the resolution and with the channels of a run.

    Args:
        pictures: a folder, with a folder per class if there are classes, or a `.npz` file with an
            array `images`; `held-out`, the pictures that the run's data hold back, of all
            classes; or, of the run's sizes, uint8 (N, H, W, C) or (N, 1, H, W, C), a dataset or a
            source of clips, as `tgan.data.own.source.as_source` takes them.
        labels: (N,), the class of each picture of an array.
        labels_key: the array of a `.npz` file that holds the class of each picture.

    Raises:
        ValueError: there are no such pictures, the run's data hold none back, they have another
            type or other sizes, or `labels` or `labels_key` does not belong to them.
    """
    if isinstance(pictures, Pictures):
        return pictures
    if isinstance(pictures, str | Path):
        return _at(run, str(pictures), labels, labels_key)
    origin = type(pictures).__name__
    if labels_key is not None:
        raise ValueError(f"labels_key '{labels_key}' is for a .npz file, not for {origin}")
    source = as_source(pictures, labels=labels, any_side=True)
    data = run.config.data
    expected = (1, data.resolution, data.resolution, data.channels)
    if source.shape != expected:
        raise ValueError(
            f"pictures of {origin} are clips of shape {source.shape}; '{run.path}' was trained on "
            f"{expected}"
        )
    return Pictures(source, origin)


def check_scores_pictures(run: TrainedRun) -> None:
    """Raise a ValueError unless `run` is one of images, without classes or input pictures."""
    config = run.config
    if not DATA_SETS[config.data.name].are_pictures:
        raise ValueError(
            f"'{run.path}' is a run of {config.data.name}; anomalies are scored in pictures"
        )
    if config.data.num_frames != 1:
        raise ValueError(
            f"'{run.path}' is a run of clips, with data.num_frames {config.data.num_frames}; "
            "anomalies are scored in images"
        )
    if config.generator.name == "pyramid":
        raise ValueError(f"'{run.path}' is of one picture: it does not say what others are like")
    if config.conditional or config.data.input is not None:
        setting = "conditional true" if config.conditional else f"data.input {config.data.input}"
        raise ValueError(
            f"'{run.path}' is a run with {setting}; anomalies are scored by unconditional networks"
        )


def picture_tensor(source: ClipSource) -> Tensor:
    """Stack all pictures of a source: (N, C, 1, H, W) in [-1, 1)."""
    clips = np.stack([source.clip(index, 0) for index in range(len(source))])
    return normalise(torch.from_numpy(clips))


def _at(
    run: TrainedRun, place: str, labels: Sequence[Any] | None, labels_key: str | None
) -> Pictures:
    """Open the pictures of a path, or those that are held out."""
    data = run.config.data
    if labels is not None:
        raise ValueError(f"labels are for pictures in memory, not for '{place}'")
    if place != HELD_OUT:
        plain = dataclasses.replace(data, classes=[], crops=0, labels_key=labels_key)
        return Pictures(open_like(plain, place), place)
    if labels_key is not None:
        raise ValueError(f"labels_key '{labels_key}' is for a .npz file, not for {HELD_OUT}")
    # Of all classes, also of those that the run was not trained on.
    every = dataclasses.replace(data, classes=[])
    source = open_held_out(every) if data.classes else run.held_out
    if source is None:
        raise ValueError(
            f"{HELD_OUT}: data.name {data.name} of '{run.path}' holds nothing back and names no "
            "data.held_out_path; name a folder"
        )
    return Pictures(source, place)
