"""Clips of some classes alone."""

from collections.abc import Sequence

import numpy as np

from tgan.data.clips import ClipSource
from tgan.lookup import look_up


class OfClasses:
    """The clips of a source (`tgan.data.clips.ClipSource`) that are of the named classes.

    Args:
        source: clips that all have a class.
        names: of the classes that are kept; they are numbered in the order of `source`.

    Raises:
        ValueError: a clip without a class, a class that there is not, or one without clips.
    """

    def __init__(self, source: ClipSource, names: Sequence[str]) -> None:
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
        self._source = source
        self._indices = [index for index, number in enumerate(classes) if number in kept]
        self._places = {number: place for place, number in enumerate(kept)}
        self.labels = [source.labels[number] for number in kept]
        self.num_frames = source.num_frames
        self.skipped, self.num_too_short = source.skipped, source.num_too_short

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, H, W, C) of a clip."""
        return self._source.shape

    def __len__(self) -> int:
        return len(self._indices)

    def num_starts(self, index: int) -> int:
        """How many first frames a clip of this video can have."""
        return self._source.num_starts(self._indices[index])

    def label(self, index: int) -> int:
        """The class of a clip, a position in `labels`."""
        return self._places[self._source.label(self._indices[index])]

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """The clip (T, H, W, C) uint8 from frame `start` of the video."""
        return self._source.clip(self._indices[index], start)
