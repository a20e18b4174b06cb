"""Pictures for scoring: all of a source at once, with their names and classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tgan.config import Config
from tgan.data.clips import ClipSource
from tgan.data.pixels import normalise
from tgan.lookup import look_up


def check_scores_pictures(config: Config, run: Path) -> None:
    """Raise a ValueError unless `run`, of that configuration, is an unconditional one of images."""
    if config.data.num_frames != 1:
        raise ValueError(
            f"'{run}' is a run of clips, with data.num_frames {config.data.num_frames}; anomalies "
            "are scored in images"
        )
    if config.conditional or config.data.input is not None:
        setting = "conditional true" if config.conditional else f"data.input {config.data.input}"
        raise ValueError(
            f"'{run}' is a run with {setting}; anomalies are scored by networks without conditions"
        )


def picture_tensor(source: ClipSource) -> Tensor:
    """All pictures of a source: (N, C, 1, H, W) in [-1, 1)."""
    clips = np.stack([source.clip(index, 0) for index in range(len(source))])
    return normalise(torch.from_numpy(clips))


def picture_names(source: ClipSource) -> list[str]:
    """The names of the pictures' files, or their numbers from 0."""
    return list(getattr(source, "names", [])) or [str(index) for index in range(len(source))]


def class_names(source: ClipSource) -> list[str | None]:
    """The class of every picture, None for one that has none."""
    numbers = [source.label(index) for index in range(len(source))]
    return [None if number is None else source.labels[number] for number in numbers]


def are_abnormal(source: ClipSource, normal: Sequence[str]) -> np.ndarray:
    """Which pictures are of other classes than the normal ones: (N,), bool.

    Raises:
        ValueError: a picture without a class, a class that there is not, or pictures all of one
            kind.
    """
    classes = class_names(source)
    if None in classes:
        raise ValueError(
            f"--normal {','.join(normal)} needs pictures that all have a class, such as those of "
            "a folder per class"
        )
    known = {name: name for name in source.labels}
    kept = {look_up(known, name, kind="class in --normal") for name in normal}
    abnormal = np.array([name not in kept for name in classes])
    if abnormal.all() or not abnormal.any():
        kind = "abnormal" if abnormal.all() else "normal"
        raise ValueError(f"--normal {','.join(normal)} makes all {len(classes)} pictures {kind}")
    return abnormal
