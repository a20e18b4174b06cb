"""Clips of one's own as what training and evaluation read, checked before either begins."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tgan.config.sizes import base_side, nearest_side
from tgan.data.clips import ClipSource, complete
from tgan.data.own.arrays import ArrayClips, from_array, from_list
from tgan.data.own.map_style import DatasetClips
from tgan.lookup import alternatives, counted
from tgan.media.layouts import CHANNELS


def as_source(
    data: Any,
    *,
    labels: Any = None,
    classes: Sequence[str] | None = None,
    num_frames: int | None = None,
    stride: int = 1,
    any_side: bool = False,
) -> ClipSource:
    """Make a source of clips out of data in memory, a dataset, or an object with clips.

    Videos longer than a clip give windows, whose starts training draws at random. All sources can
    be pickled for worker processes if what they are made of can; a memory map is opened again
    there.

    Args:
        data: one of
            an array or tensor (N, T, H, W, C), uint8, or (N, H, W, C) for images, of any library
            that NumPy can read, memory maps without a copy;
            a list of videos (T_i, H, W, C) or images (H, W, C), uint8;
            a map-style `torch.utils.data.Dataset` whose items are clips, or (clip, label), see
            `tgan.data.own.map_style.DatasetClips`;
            an object with the needed part of `tgan.data.clips.ClipSource`.
        labels: (N,), the class of each clip, as whole numbers from 0 or as names.
        classes: names of the classes in their order; without it they are the labels that occur.
        num_frames: frames of a clip; None for the whole length, of a list that of its shortest
            video.
        stride: every stride-th frame of a video is taken.
        any_side: take frames of any square size. By default it has to be one that the networks of
            this package can make (`tgan.config.sizes`).

    Raises:
        ValueError: another type than uint8, another layout, frames that are not square or of a
            size that networks cannot make, nothing long enough, labels that do not fit; the
            message says what was found and how to mend it.

    Example:
        >>> videos = np.zeros((100, 20, 64, 64, 3), np.uint8)
        >>> source = as_source(videos, labels=["wave"] * 50 + ["bend"] * 50, num_frames=16)
        >>> source.shape, source.labels, source.num_starts(0)
        ((16, 64, 64, 3), ['bend', 'wave'], 5)
    """
    make = next((make for fits, make in _KINDS if fits(data)), _refuse)
    source = make(data, labels=labels, classes=classes, num_frames=num_frames, stride=stride)
    _check_frames(source.shape, any_side=any_side)
    return source


def _is_array(data: Any) -> bool:
    return hasattr(data, "dtype") and hasattr(data, "shape")


def _is_list(data: Any) -> bool:
    return isinstance(data, list | tuple)


def _is_source(data: Any) -> bool:
    return hasattr(data, "clip") and hasattr(data, "shape")


def _is_map_style(data: Any) -> bool:
    is_text_or_dict = isinstance(data, str | bytes) or hasattr(data, "keys")
    return hasattr(data, "__getitem__") and hasattr(data, "__len__") and not is_text_or_dict


def _from_source(
    data: Any,
    *,
    labels: Any,
    classes: Sequence[str] | None,
    num_frames: int | None,
    stride: int,
) -> ClipSource:
    kind = type(data).__name__
    if labels is not None or classes is not None or stride != 1:
        raise ValueError(f"{kind} is a source of clips: it has labels and a stride of its own")
    source = complete(data)
    if len(source.shape) != 4 or not len(source):
        raise ValueError(
            f"{kind} has {counted(len(source), 'video')} and clips of shape {source.shape}; at "
            "least 1 and (T, H, W, C) are needed"
        )
    if source.shape[-1] not in CHANNELS:
        needed = alternatives(CHANNELS)
        raise ValueError(f"{kind} has clips of {source.shape[-1]} channels; {needed} is needed")
    if num_frames not in (None, source.shape[0]):
        raise ValueError(f"clips of {kind} have {source.shape[0]} frames, not {num_frames}")
    if isinstance(source, ArrayClips | DatasetClips):
        return source
    clip = source.clip(0, 0)
    if np.shape(clip) != source.shape or getattr(clip, "dtype", None) != np.uint8:
        found = f"{getattr(clip, 'dtype', type(clip).__name__)} {np.shape(clip)}"
        raise ValueError(f"clip 0 of {kind} is {found}; uint8 {source.shape} is needed")
    if source.num_starts(0) < 1:
        raise ValueError(f"video 0 of {kind} has {source.num_starts(0)} starts; 1 is the least")
    for index in range(len(source)) if source.labels else ():
        label = source.label(index)
        if label is not None and not 0 <= label < len(source.labels):
            raise ValueError(
                f"the label of video {index} of {kind} is {label}; its {len(source.labels)} "
                f"classes are numbered from 0"
            )
    return source


def _refuse(data: Any, **_: Any) -> ClipSource:
    if isinstance(data, str | Path):
        raise ValueError(
            f"'{data}' is a path; tgan.data.clips.open_clips opens videos, or data.path names them"
        )
    raise ValueError(
        f"{type(data).__name__} holds no clips: an array or tensor (N, T, H, W, C), a list of "
        "videos (T, H, W, C), a map-style dataset, or an object with shape, __len__ and clip is "
        "needed"
    )


# Arrays come first: they have a method `clip` too.
_KINDS = (
    (_is_array, from_array),
    (_is_list, from_list),
    (_is_source, _from_source),
    (_is_map_style, DatasetClips),
)


def _check_frames(shape: tuple[int, int, int, int], *, any_side: bool) -> None:
    """Refuse frames that are not square, or of a size that networks cannot make."""
    _, height, width, _ = shape
    side = min(height, width)
    if height != width:
        first = (max(height, width) - side) // 2
        middle = f"{first}:{first + side}"
        crop = f"[..., {middle}, :]" if width > height else f"[..., {middle}, :, :]"
        raise ValueError(
            f"frames are {width} wide and {height} high; square ones are needed, such as the "
            f"middle, clips{crop}"
        )
    if any_side:
        return
    try:
        base_side(side)
    except ValueError as error:
        near = nearest_side(side)
        raise ValueError(
            f"frames of {side}x{side}: {error}; resize them, to {near}x{near} say"
        ) from None
