"""Clips cut from arrays: videos of one length, or of several, in memory or memory-mapped."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tgan.data.own.classes import number_classes
from tgan.data.own.maps import received, to_send
from tgan.data.spans import check_start, clip_span, most_frames, too_short_message
from tgan.media.layouts import as_pixels


class ArrayClips:
    """Clips cut from videos that are arrays; the arrays are not copied, and not written to.

    Videos shorter than a clip are left out; `num_too_short` counts them.

    Args:
        videos: N videos (T_i, H, W, C), uint8, of one frame size: a list, or one array
            (N, T, H, W, C).
        num_frames: frames of a clip; None for as many as the shortest video has.
        stride: every stride-th frame of a video is taken.
        positions: (N,) positions in `labels`, or None.
        labels: names of the classes.

    Raises:
        ValueError: no video is as long as a clip.

    Example:
        >>> clips = ArrayClips(np.zeros((5, 20, 64, 64, 3), np.uint8), num_frames=16)
        >>> clips.num_starts(0), clips.clip(0, 4).shape
        (5, (16, 64, 64, 3))
    """

    def __init__(
        self,
        videos: np.ndarray | Sequence[np.ndarray],
        *,
        num_frames: int | None = None,
        stride: int = 1,
        positions: np.ndarray | None = None,
        labels: Sequence[str] = (),
    ) -> None:
        lengths = np.array([len(video) for video in videos])
        if num_frames is None:
            num_frames = most_frames(lengths.min(), stride)
        self._stride, self._span = stride, clip_span(num_frames, stride)
        kept = np.flatnonzero(lengths >= self._span)
        if not len(kept):
            raise ValueError(too_short_message("the data", lengths.max(), num_frames, stride))
        # An array keeps its videos together: they are all of one length.
        self._videos = videos if len(kept) == len(videos) else [videos[k] for k in kept.tolist()]
        self._positions = None if positions is None else positions[kept]
        self.shape: tuple[int, int, int, int] = (num_frames, *videos[0].shape[1:])
        self.num_frames = num_frames
        self.labels = list(labels)
        self.skipped: list[tuple[str, str]] = []
        self.num_too_short = len(videos) - len(kept)

    def __len__(self) -> int:
        return len(self._videos)

    def num_starts(self, index: int) -> int:
        """Count the first frames that a clip of this video can have: every one that fits."""
        return len(self._videos[index]) - self._span + 1

    def label(self, index: int) -> int | None:
        """Return the class of a video, a position in `labels`."""
        return None if self._positions is None else int(self._positions[index])

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Return the clip (T, H, W, C), uint8, from frame `start`: a read-only view.

        Raises:
            IndexError: no such video, or a clip from `start` does not fit into it.
        """
        check_start(self, index, start)
        frames = self._videos[index][start : start + self._span : self._stride]
        frames.flags.writeable = False
        return frames

    def __getstate__(self) -> dict[str, Any]:
        videos = self._videos
        sent = to_send(videos) if isinstance(videos, np.ndarray) else list(map(to_send, videos))
        return {**vars(self), "_videos": sent}

    def __setstate__(self, state: dict[str, Any]) -> None:
        sent = state["_videos"]
        videos = list(map(received, sent)) if isinstance(sent, list) else received(sent)
        vars(self).update(state, _videos=videos)


def from_array(
    data: Any, *, labels: Any, classes: Sequence[str] | None, num_frames: int | None, stride: int
) -> ArrayClips:
    """Take the clips of an array (N, T, H, W, C), or the images of one (N, H, W, C).

    Raises:
        ValueError: as `tgan.data.own.source.as_source`.
    """
    pixels = as_pixels(data, ["n t h w c", "n h w c"])
    if pixels.ndim == 4:
        if num_frames not in (None, 1):
            raise ValueError(
                f"clips of shape {pixels.shape} are images, (N, H, W, C), not clips of "
                f"{num_frames} frames, (N, T, H, W, C); put a single video into a list"
            )
        pixels = pixels[:, None]
    return _labelled(pixels, labels, classes, num_frames=num_frames, stride=stride)


def from_list(
    data: Sequence[Any],
    *,
    labels: Any,
    classes: Sequence[str] | None,
    num_frames: int | None,
    stride: int,
) -> ArrayClips:
    """Take the clips of a list of videos (T_i, H, W, C), or the images of one of (H, W, C).

    Raises:
        ValueError: as `tgan.data.own.source.as_source`.
    """
    if not data:
        raise ValueError("the list of videos is empty")
    layouts = ["t h w c", "h w c"]
    videos = [as_pixels(video, layouts, name=f"videos[{i}]") for i, video in enumerate(data)]
    videos = [video[None] if video.ndim == 3 else video for video in videos]
    for index, video in enumerate(videos):
        if video.shape[1:] != videos[0].shape[1:]:
            raise ValueError(
                f"frames of videos[{index}] are {video.shape[1:]}, those of videos[0] "
                f"{videos[0].shape[1:]}; one size is needed"
            )
    return _labelled(videos, labels, classes, num_frames=num_frames, stride=stride)


def _labelled(
    videos: np.ndarray | list[np.ndarray],
    labels: Any,
    classes: Sequence[str] | None,
    **frames: Any,
) -> ArrayClips:
    if labels is None:
        if classes is not None:
            raise ValueError("classes name what labels stand for, and there are no labels")
        return ArrayClips(videos, **frames)
    positions, names = number_classes(labels, classes, count=len(videos))
    return ArrayClips(videos, positions=positions, labels=names, **frames)
