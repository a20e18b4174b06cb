"""Subsets of a source of clips, as sources: some of its videos, or some of its classes."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from tgan.data.account import Account
from tgan.data.clips import ClipSource
from tgan.data.fingerprint import fingerprint
from tgan.lookup import look_up


class Subset:
    """Some videos of a source (`tgan.data.clips.ClipSource`), in the order of `indices`.

    Args:
        source: what they are taken from.
        indices: of the videos in `source`.
        labels: names of the classes, which are counted as in this list; None counts them as the
            source does. Every class of these videos is among them.

    Example:
        >>> half = Subset(source, range(0, len(source), 2))
        >>> len(half), half.shape == source.shape
        (50, True)
    """

    def __init__(
        self, source: ClipSource, indices: Sequence[int], labels: Sequence[str] | None = None
    ) -> None:
        self.source, self.indices = source, list(indices)
        self.labels = list(source.labels if labels is None else labels)
        self.num_frames = source.num_frames
        self.skipped, self.num_too_short = source.skipped, source.num_too_short
        self.account: Account = getattr(source, "account", Account())
        self.notes: Sequence[tuple[str, str]] = getattr(source, "notes", [])
        self.remarks: Sequence[str] = getattr(source, "remarks", [])
        self.decodes: bool = getattr(source, "decodes", False)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, H, W, C) of a clip."""
        return self.source.shape

    @property
    def names(self) -> list[str]:
        """Names of their files; empty where the source has none."""
        names = getattr(self.source, "names", [])
        return [names[index] for index in self.indices] if names else []

    @property
    def fps(self) -> float | None:
        """Frames per second, as of the source."""
        return getattr(self.source, "fps", None)

    def fingerprint(self) -> str | None:
        """Compute a SHA-256 of the source's fingerprint, of the choice of videos and of classes."""
        whole = fingerprint(self.source)
        if whole is None:
            return None
        content = json.dumps([whole, self.indices, self.labels], default=int)
        return hashlib.sha256(content.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.indices)

    def num_starts(self, index: int) -> int:
        """Count the first frames that a clip of this video can have."""
        return self.source.num_starts(self.indices[index])

    def label(self, index: int) -> int | None:
        """Return the class of a video, a position in `labels`."""
        own = self.source.label(self.indices[index])
        return None if own is None else self.labels.index(self.source.labels[own])

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Return the clip (T, H, W, C), uint8, from frame `start` of the video."""
        return self.source.clip(self.indices[index], start)


def of_classes(source: ClipSource, names: Sequence[str]) -> Subset:
    """Take the clips of the named classes, which are numbered in the order of `source`.

    Raises:
        ValueError: a clip without a class, a class that there is not, or one without clips.
    """
    classes = [source.label(index) for index in range(len(source))]
    if not source.labels or None in classes:
        raise ValueError(
            f"data.classes {', '.join(names)} needs clips that all have a class, "
            "such as those of a folder per class"
        )
    numbers = {name: number for number, name in enumerate(source.labels)}
    kept = sorted({look_up(numbers, name, kind="data.classes") for name in names})
    for number in kept:
        if number not in classes:
            raise ValueError(f"no clip is of the class '{source.labels[number]}'")
    indices = [index for index, number in enumerate(classes) if number in kept]
    return Subset(source, indices, [source.labels[number] for number in kept])
