"""Which labelled videos train the small classifier, and which tell how good it is."""

from dataclasses import dataclass

import numpy as np

from tgan.data.clips import ClipSource

# Of the videos of every class, one in six is held out.
HELD_OUT_SHARE = 6


@dataclass(frozen=True)
class Part:
    """Some of the videos of a source, their classes counted as in `labels`; a `ClipSource`."""

    source: ClipSource
    indices: list[int]
    labels: list[str]

    @property
    def num_frames(self) -> int:
        return self.source.num_frames

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.source.shape

    @property
    def skipped(self) -> list[tuple[str, str]]:
        return self.source.skipped

    @property
    def num_too_short(self) -> int:
        return self.source.num_too_short

    def __len__(self) -> int:
        return len(self.indices)

    def num_starts(self, index: int) -> int:
        return self.source.num_starts(self.indices[index])

    def label(self, index: int) -> int:
        own = self.source.label(self.indices[index])
        return self.labels.index(self.source.labels[own])

    def clip(self, index: int, start: int) -> np.ndarray:
        return self.source.clip(self.indices[index], start)


def split(source: ClipSource) -> tuple[Part, Part]:
    """All labelled videos but the sixth, twelfth, ... of each class, and those.

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
    return Part(source, kept, labels), Part(source, held_out, labels)


def whole(source: ClipSource, labels: list[str]) -> Part:
    """All labelled videos of a source, its classes counted as in `labels`.

    Raises:
        ValueError: fewer than two classes, no video with a label, or a class that is not among
            `labels`.
    """
    unknown = sorted(set(source.labels) - set(labels))
    if unknown:
        choices = ", ".join(labels)
        raise ValueError(f"held-out videos of a class '{unknown[0]}'; the classes are {choices}")
    indices = [index for of_class in _indices_by_class(source) for index in of_class]
    return Part(source, indices, labels)


def _indices_by_class(source: ClipSource) -> list[list[int]]:
    """The videos of each class; those without a label are in none."""
    classes: list[list[int]] = [[] for _ in source.labels]
    for index in range(len(source)):
        label = source.label(index)
        if label is not None:
            classes[label].append(index)
    if len(classes) < 2 or not any(classes):
        raise ValueError(
            f"{len(classes)} classes of videos: two are needed; prepare with --labels folders,"
            " the videos of each class in a folder of their own"
        )
    return classes
