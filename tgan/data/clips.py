"""Clips of a fixed length out of videos: the interface of the loader, and packed folders."""

from pathlib import Path
from typing import Protocol

import numpy as np

from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import INDEX_NAME, PARTS_NAME
from tgan.data.videos.folder import VideoFolder

__all__ = ["ClipSource", "PackedClips", "VideoFolder", "open_clips"]


class ClipSource(Protocol):
    """Videos that clips of `num_frames` frames, `stride` apart, are cut from.

    `shape` is that of a clip, (T, H, W, C). `labels` are the names of the classes, empty where
    the videos have none. `skipped` holds `(name, reason)` of videos that cannot be read, and
    `num_too_short` counts those shorter than a clip.
    """

    num_frames: int
    labels: list[str]
    skipped: list[tuple[str, str]]
    num_too_short: int

    @property
    def shape(self) -> tuple[int, int, int, int]: ...

    def __len__(self) -> int:
        """The number of videos."""
        ...

    def num_starts(self, index: int) -> int:
        """How many first frames a clip of this video can have (1 or more)."""
        ...

    def label(self, index: int) -> int | None:
        """The class of a video, a position in `labels`."""
        ...

    def clip(self, index: int, start: int) -> np.ndarray:
        """The clip (T, H, W, C) uint8 whose first frame is frame `start` of the video."""
        ...


def open_clips(
    path: Path | str, *, num_frames: int, resolution: int, stride: int = 1, channels: int = 3
) -> ClipSource:
    """The clips of a folder: packed if it has an index, else its video files directly.

    Raises:
        ValueError: nothing there, a prepare that was interrupted, another resolution than the
            packed one, or as `PackedClips` and `VideoFolder`.
    """
    path = Path(path)
    if (path / INDEX_NAME).is_file():
        clips = PackedClips(path, num_frames=num_frames, stride=stride, channels=channels)
        if clips.resolution != resolution:
            raise ValueError(
                f"{path} was packed at resolution {clips.resolution}, not {resolution}: set the"
                f" resolution to {clips.resolution}, or prepare the videos again at {resolution}"
            )
        return clips
    if (path / PARTS_NAME).is_dir():
        raise ValueError(f"{path}: prepare was interrupted; run it again")
    return VideoFolder(
        path, num_frames=num_frames, resolution=resolution, stride=stride, channels=channels
    )
