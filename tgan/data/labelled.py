"""Labelled clips, as classifiers need them: opened, and split into two parts by class."""

import dataclasses
from pathlib import Path

from tgan.config import DataConfig
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import INDEX_NAME
from tgan.data.pictures.images import open_images
from tgan.data.subset import Subset

# Of the videos of every class, one in six is held out.
HELD_OUT_SHARE = 6
# Of pictures, unless another side is asked for.
RESOLUTION = 64


def open_labelled(
    path: Path | str,
    *,
    num_frames: int,
    stride: int = 1,
    resolution: int | None = None,
    labels_key: str | None = None,
) -> ClipSource:
    """Open RGB clips with classes: of a packed folder, or pictures where `num_frames` is 1.

    Args:
        stride: every stride-th frame of a video is taken.
        resolution: of pictures; a packed folder has its own.
        labels_key: the array of a `.npz` file that names the classes of its pictures.

    Raises:
        ValueError: videos that are not packed, no classes, or as `PackedClips` and `open_images`.

    Example:
        >>> open_labelled("data/actions", num_frames=16).labels
        ['bend', 'wave']
    """
    path = Path(path)
    if (path / INDEX_NAME).is_file():
        clips = PackedClips(path, num_frames=num_frames, stride=stride, channels=3)
        remedy = "prepare them with labels"
    elif num_frames == 1:
        clips = open_images(
            path, resolution=resolution or RESOLUTION, channels=3, labels_key=labels_key
        )
        remedy = "put pictures in a folder per class, or name the array of a .npz file (labels_key)"
    else:
        raise ValueError(
            f"'{path}' is no packed folder; other videos have no classes (and pictures have "
            "num_frames 1)"
        )
    if not clips.labels:
        raise ValueError(f"the clips in '{path}' have no classes: {remedy}")
    return clips


def open_configured(data: DataConfig) -> tuple[ClipSource, ClipSource | None]:
    """Open RGB clips with classes that `data` names, and those that it holds out.

    Returns:
        the clips to train on, and the held-out ones, None where `data` names none.

    Raises:
        ValueError: clips without classes, or as `open_dataset`.
    """
    data = dataclasses.replace(data, channels=3)
    clips = open_dataset(data)
    if not clips.labels:
        raise ValueError(f"clips of the data '{data.name}' as configured have no classes")
    return clips, open_held_out(data)


def training_parts(clips: ClipSource, held_out: ClipSource | None = None) -> tuple[Subset, Subset]:
    """Choose the clips that a classifier is trained on, and those that tell how good it is.

    Args:
        held_out: the latter, where they lie elsewhere; None takes a sixth of each class.

    Raises:
        ValueError: as `split` and `whole`.
    """
    if held_out is None:
        return split(clips)
    return whole(clips, clips.labels), whole(held_out, clips.labels)


def split(source: ClipSource) -> tuple[Subset, Subset]:
    """Split the labelled videos: all but the sixth, twelfth, ... of each class, and those.

    A class of fewer than six videos gives its last one.

    Raises:
        ValueError: fewer than two classes, or a class with a single video.
    """
    kept: list[int] = []
    held_out: list[int] = []
    for name, indices in zip(source.labels, _indices_by_class(source), strict=True):
        if len(indices) < 2:
            raise ValueError(
                f"the class '{name}' has {len(indices)} videos long enough: two are needed, one to"
                " train and one to hold out"
            )
        last = min(HELD_OUT_SHARE, len(indices)) - 1
        for place, index in enumerate(indices):
            (held_out if place % HELD_OUT_SHARE == last else kept).append(index)
    labels = list(source.labels)
    return Subset(source, kept, labels), Subset(source, held_out, labels)


def whole(source: ClipSource, labels: list[str]) -> Subset:
    """Take all labelled videos of a source, its classes numbered as in `labels`.

    Raises:
        ValueError: fewer than two classes, no video with a label, or a class that is not among
            `labels`.
    """
    unknown = sorted(set(source.labels) - set(labels))
    if unknown:
        choices = ", ".join(labels)
        raise ValueError(f"held-out videos of a class '{unknown[0]}'; the classes are {choices}")
    indices = [index for of_class in _indices_by_class(source) for index in of_class]
    return Subset(source, indices, labels)


def _indices_by_class(source: ClipSource) -> list[list[int]]:
    """The videos of each class; those without a label are in none."""
    classes: list[list[int]] = [[] for _ in source.labels]
    for index in range(len(source)):
        label = source.label(index)
        if label is not None:
            classes[label].append(index)
    if len(classes) < 2 or not any(classes):
        raise ValueError(
            f"{len(classes)} classes of videos: two are needed, such as from the videos of each"
            " class in a folder of their own, prepared with labels 'folders'"
        )
    return classes
