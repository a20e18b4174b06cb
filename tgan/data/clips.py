"""Clips of a fixed length cut from videos: what training and evaluation read, and its folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import INDEX_NAME, PARTS_NAME
from tgan.data.videos.folder import KEEP_BYTES, VideoFolder

__all__ = ["ClipSource", "PackedClips", "VideoFolder", "complete", "open_clips"]


class ClipSource(Protocol):
    """Videos that clips of one shape are cut from.

    `shape`, `__len__` and `clip` are needed. What else an object leaves out `complete` adds, by
    the defaults that are named below. Samples are played at `fps` frames a second, if it has such
    an attribute. If its `decodes` is true, several threads ask it for clips at once. A source is
    pickled when worker processes read it.

    Example:
        >>> class Noise:
        ...     shape = (16, 64, 64, 3)
        ...     def __len__(self): return 100
        ...     def clip(self, index, start):
        ...         rng = np.random.default_rng(index)
        ...         return rng.integers(0, 256, self.shape, np.uint8)
    """

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, H, W, C) of every clip; H = W, and C is 1, 3 or 4, or of levels that of tiles."""
        ...

    @property
    def num_frames(self) -> int:
        """Frames of a clip (by default those of `shape`)."""
        ...

    @property
    def labels(self) -> list[str]:
        """Names of the classes (by default none)."""
        ...

    @property
    def skipped(self) -> Sequence[tuple[str, str]]:
        """Name and reason of each video that cannot be read (by default none)."""
        ...

    @property
    def num_too_short(self) -> int:
        """How many videos were left out, being shorter than a clip (by default 0)."""
        ...

    def __len__(self) -> int:
        """The number of videos."""
        ...

    def num_starts(self, index: int) -> int:
        """Count the first frames that a clip of this video can have, 1 or more (by default 1)."""
        ...

    def label(self, index: int) -> int | None:
        """Return the class of a video, a position in `labels` (by default None)."""
        ...

    def clip(self, index: int, start: int) -> np.ndarray:
        """Return the clip (T, H, W, C), uint8, whose first frame is frame `start` of the video.

        It is a function of its arguments, the same in every process.
        """
        ...


def complete(source: Any) -> ClipSource:
    """Add what an object with the needed part of `ClipSource` leaves out.

    Raises:
        ValueError: a needed member is missing.
    """
    missing = [name for name in ("shape", "__len__", "clip") if not hasattr(source, name)]
    if missing:
        kind = type(source).__name__
        raise ValueError(f"{kind} is no source of clips: it has no {', '.join(missing)}")
    has_all = all(hasattr(source, name) for name in _OPTIONAL)
    return source if has_all else _Completed(source)


_OPTIONAL = ("num_frames", "labels", "skipped", "num_too_short", "num_starts", "label")


class _Completed:
    """A source of clips of which only a part was written."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.shape: tuple[int, int, int, int] = tuple(source.shape)
        self.num_frames: int = self.shape[0]
        self.labels: list[str] = list(getattr(source, "labels", []))
        self.skipped: Sequence[tuple[str, str]] = getattr(source, "skipped", [])
        self.num_too_short: int = getattr(source, "num_too_short", 0)
        self.names: list[str] = list(getattr(source, "names", []))
        self.fps: float | None = getattr(source, "fps", None)
        self.decodes: bool = getattr(source, "decodes", False)
        if hasattr(source, "fingerprint"):
            self.fingerprint = source.fingerprint

    def __len__(self) -> int:
        return len(self._source)

    def num_starts(self, index: int) -> int:
        own = getattr(self._source, "num_starts", None)
        return 1 if own is None else own(index)

    def label(self, index: int) -> int | None:
        own = getattr(self._source, "label", None)
        return None if own is None else own(index)

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        return self._source.clip(index, start)


def open_clips(
    path: Path | str,
    *,
    num_frames: int,
    resolution: int,
    fps: float | None = None,
    stride: int = 1,
    channels: int = 3,
    keep_bytes: int = KEEP_BYTES,
) -> ClipSource:
    """Open the clips of a folder: packed ones if it has an index, else its video files themselves.

    Args:
        fps: the rate that videos are resampled to; None takes them as they are.
        keep_bytes: of memory, for frames of videos that are not packed, see `VideoFolder`.

    Raises:
        ValueError: nothing there, a prepare that was interrupted, another resolution or rate than
            the packed one, or as `PackedClips` and `VideoFolder`.

    Example:
        >>> open_clips("my_videos", num_frames=16, resolution=64).shape
        (16, 64, 64, 3)
    """
    path = Path(path)
    if (path / INDEX_NAME).is_file():
        clips = PackedClips(path, num_frames=num_frames, stride=stride, channels=channels)
        if clips.resolution != resolution:
            raise ValueError(
                f"{path} was packed at resolution {clips.resolution}, not {resolution}: set the"
                f" resolution to {clips.resolution}, or prepare the videos again at {resolution}"
            )
        if fps not in (None, clips.resampled_to):
            raise ValueError(
                f"{path} was packed at fps {clips.resampled_to}, not {fps}: leave fps out, or"
                f" prepare the videos again at {fps}"
            )
        return clips
    if (path / PARTS_NAME).is_dir():
        raise ValueError(f"{path}: prepare was interrupted; run it again")
    return VideoFolder(
        path,
        num_frames=num_frames,
        resolution=resolution,
        fps=fps,
        stride=stride,
        channels=channels,
        keep_bytes=keep_bytes,
    )
