"""Pictures to be scored, all of them at once, with their names and classes."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tgan.anomaly.images.names import HELD_OUT
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_held_out, open_like
from tgan.data.pictures.images import ImageClips
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
    pictures: str | Path | ClipSource | np.ndarray | Pictures,
    *,
    labels_key: str | None = None,
) -> Pictures:
    """Open pictures at the resolution and with the channels of a run.

    Args:
        pictures: a folder or a `.npz` file; `held-out`, the pictures that the run's data hold
            back, of all classes; a source of clips of one frame; or uint8 (N, H, W, C) or
            (N, 1, H, W, C) of the run's sizes.
        labels_key: the array of a `.npz` file that holds the class of each picture.

    Raises:
        ValueError: there are no such pictures, the run's data hold none back, they have other
            sizes, or `labels_key` is given for something else than a file.
    """
    if isinstance(pictures, Pictures):
        return pictures
    is_place = isinstance(pictures, str | Path)
    origin = str(pictures) if is_place else type(pictures).__name__
    if labels_key is not None and (not is_place or origin == HELD_OUT):
        raise ValueError(f"labels_key '{labels_key}' is for a .npz file, not for {origin}")
    if is_place:
        return Pictures(_open(run, origin, labels_key), origin)
    data = run.config.data
    expected = (1, data.resolution, data.resolution, data.channels)
    # Arrays have a method `clip`, too.
    if not hasattr(pictures, "num_starts"):
        pictures = ImageClips(_checked(np.asarray(pictures), expected))
    if tuple(pictures.shape) != expected:
        raise ValueError(
            f"pictures are clips of shape {tuple(pictures.shape)}; '{run.path}' takes {expected}"
        )
    return Pictures(pictures, origin)


def check_scores_pictures(run: TrainedRun) -> None:
    """Raise a ValueError unless `run` is one of images, without classes or input pictures."""
    config = run.config
    if config.data.num_frames != 1:
        raise ValueError(
            f"'{run.path}' is a run of clips, with data.num_frames {config.data.num_frames}; "
            "anomalies are scored in images"
        )
    if config.conditional or config.data.input is not None:
        setting = "conditional true" if config.conditional else f"data.input {config.data.input}"
        raise ValueError(
            f"'{run.path}' is a run with {setting}; anomalies are scored by unconditional networks"
        )


def picture_tensor(source: ClipSource) -> Tensor:
    """Stack all pictures of a source: (N, C, 1, H, W) in [-1, 1)."""
    clips = np.stack([source.clip(index, 0) for index in range(len(source))])
    return normalise(torch.from_numpy(clips))


def _open(run: TrainedRun, place: str, labels_key: str | None) -> ClipSource:
    data = run.config.data
    if place != HELD_OUT:
        return open_like(
            dataclasses.replace(data, classes=[], crops=0, labels_key=labels_key), place
        )
    # Of all classes, also of those that the run was not trained on.
    whole = dataclasses.replace(data, classes=[])
    source = open_held_out(whole) if data.classes else run.held_out
    if source is None:
        raise ValueError(
            f"{HELD_OUT}: data.name {data.name} of '{run.path}' holds nothing back and names no "
            "data.held_out_path; name a folder"
        )
    return source


def _checked(pixels: np.ndarray, expected: tuple[int, ...]) -> np.ndarray:
    """Bytes (N, H, W, C) of the expected clip (1, H, W, C)."""
    found = f"{pixels.dtype} {pixels.shape}"
    if pixels.ndim == 5 and pixels.shape[1] == 1:
        pixels = pixels[:, 0]
    if pixels.dtype != np.uint8 or pixels.shape[1:] != expected[1:] or not len(pixels):
        side = ", ".join(map(str, expected[1:]))
        raise ValueError(
            f"pictures are {found}; uint8 (N, {side}) or (N, 1, {side}) are needed, 0 to 255"
        )
    return pixels
