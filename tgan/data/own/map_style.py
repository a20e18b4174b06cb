"""Clips of a map-style dataset, as `torch.utils.data.Dataset` has them, read when asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from tgan.data.own.classes import check_names, number_classes, position_of
from tgan.data.spans import clip_span, most_frames
from tgan.media.layouts import as_pixels

# Items that are looked at before training.
_LOOKED_AT = 8


class DatasetClips:
    """Clips cut from the items of a dataset, each a clip, or a clip and its label.

    A clip is (T, H, W, C), or an image (H, W, C), uint8, and at least `num_frames` frames at
    `stride` long. Some items are looked at here, the others when they are drawn. An item is read
    once each time that it is drawn, so it may be augmented at random; a run that is resumed then
    sees other pixels than one that was not interrupted.

    Args:
        dataset: has `__len__` and `__getitem__`; it is pickled for worker processes.
        num_frames: frames of a clip; None for as many as item 0 has.
        stride: every stride-th frame of an item is taken.
        labels: (N,), in place of those of the items, see
            `tgan.data.own.classes.number_classes`.
        classes: names of the classes; by default the attribute `classes` of the dataset. Where
            items have labels and there is neither, all are read once to learn their classes.

    Raises:
        ValueError: no items, or an item of another form.

    Example:
        >>> clips = DatasetClips(TensorDataset(videos, labels), num_frames=16)
    """

    def __init__(
        self,
        dataset: Any,
        *,
        num_frames: int | None = None,
        stride: int = 1,
        labels: Any = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self._dataset, self._stride = dataset, stride
        self._held: tuple[int, np.ndarray] | None = None
        if not len(dataset):
            raise ValueError("the dataset has no items")
        clip, label = _parts(dataset, 0)
        self.num_frames = most_frames(len(clip), stride) if num_frames is None else num_frames
        self._span = clip_span(self.num_frames, stride)
        self.shape: tuple[int, int, int, int] = (self.num_frames, *clip.shape[1:])
        self.skipped: list[tuple[str, str]] = []
        self.num_too_short = 0
        # What is not known of an item's class is learnt when it is read.
        self._known: dict[int, int] = {}
        self.labels, self._has_labels = self._learn_labels(label, labels, classes)
        for index in np.linspace(0, len(dataset) - 1, _LOOKED_AT).astype(int).tolist():
            self._read(index)

    def __len__(self) -> int:
        return len(self._dataset)

    def num_starts(self, index: int) -> int:
        """Count the first frames that a clip of this item can have: every one that fits."""
        self._held = index, self._read(index)
        return len(self._held[1]) - self._span + 1

    def label(self, index: int) -> int | None:
        """Return the class of an item, a position in `labels`."""
        if self._has_labels and index not in self._known:
            self._read(index)
        return self._known.get(index)

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Return the clip (T, H, W, C), uint8, from frame `start` of an item.

        Raises:
            ValueError: the item has another form than those that were looked at.
            IndexError: a clip from `start` does not fit into it.
        """
        held, self._held = self._held, None
        frames = held[1] if held is not None and held[0] == index else self._read(index)
        if not 0 <= start <= len(frames) - self._span:
            raise IndexError(f"no clip from frame {start} in the {len(frames)} of item {index}")
        return frames[start : start + self._span : self._stride]

    def fingerprint(self) -> None:
        """Return None: an item may be another each time that it is read."""

    def _learn_labels(
        self, first: Any, labels: Any, classes: Sequence[str] | None
    ) -> tuple[list[str], bool]:
        """Names of the classes, and whether items have one."""
        if labels is None and first is None:
            if classes is not None:
                raise ValueError("classes name what labels stand for, and there are no labels")
            return [], False
        if labels is None:
            classes = getattr(self._dataset, "classes", None) if classes is None else classes
            if classes is not None:
                return check_names(classes), True
            indices = tqdm(range(len(self)), unit="clip", desc="read labels", disable=None)
            labels = [self._item(index)[1] for index in indices]
        positions, names = number_classes(labels, classes, count=len(self))
        self._known = dict(enumerate(positions.tolist()))
        return names, True

    def _read(self, index: int) -> np.ndarray:
        """The frames (T_i, H, W, C) of an item, whose label is noted."""
        clip, label = self._item(index)
        if self._has_labels and index not in self._known:
            of = f"item {index} of the dataset"
            self._known[index] = position_of(label, self.labels, of)
        return clip

    def _item(self, index: int) -> tuple[np.ndarray, Any]:
        """The frames (T_i, H, W, C) of an item, which fit, and its label."""
        clip, label = _parts(self._dataset, index)
        if clip.shape[1:] != self.shape[1:]:
            raise ValueError(
                f"frames of item {index} of the dataset are {clip.shape[1:]}, those of item 0 "
                f"{self.shape[1:]}; one size is needed"
            )
        if len(clip) < self._span:
            raise ValueError(
                f"item {index} of the dataset has {len(clip)} frames; a clip of {self.num_frames} "
                f"at stride {self._stride} takes {self._span}"
            )
        return clip, label

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_held": None}


def _parts(dataset: Any, index: int) -> tuple[np.ndarray, Any]:
    """The frames (T, H, W, C) of an item, and its label, None if it has none."""
    item = dataset[index]
    parts = item if isinstance(item, tuple | list) else (item,)
    if isinstance(item, Mapping) or len(parts) not in (1, 2):
        kind = f"{type(item).__name__} of {len(item)}"
        raise ValueError(
            f"item {index} of the dataset is a {kind}; a clip, or (clip, label), is needed"
        )
    try:
        clip = as_pixels(parts[0], ["t h w c", "h w c"], name="clip")
    except ValueError as error:
        raise ValueError(f"item {index} of the dataset: {error}") from None
    return clip[None] if clip.ndim == 3 else clip, (*parts, None)[1]
