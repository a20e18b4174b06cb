"""Which frames a clip takes from a video, and the words for clips that do not fit."""

from pathlib import Path
from typing import Any


def clip_span(num_frames: int, stride: int) -> int:
    """Frames of video from the first frame of a clip to its last, inclusive.

    Raises:
        ValueError: `num_frames` or `stride` below 1.
    """
    for name, value in (("num_frames", num_frames), ("stride", stride)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    return (num_frames - 1) * stride + 1


def check_start(clips: Any, index: int, start: int) -> None:
    """Refuse a video or a first frame that a source of clips does not have.

    Raises:
        IndexError: with the number and the range.
    """
    if not 0 <= index < len(clips):
        raise IndexError(f"no video {index} among {len(clips)}")
    if not 0 <= start < clips.num_starts(index):
        last = clips.num_starts(index) - 1
        raise IndexError(f"a clip of video {index} can start at frame 0 to {last}, not {start}")


def too_short_message(path: Path, longest: int, num_frames: int, stride: int) -> str:
    """Why a folder has no clips."""
    return (
        f"no video in {path} is long enough for num_frames {num_frames} at stride {stride}"
        f" ({clip_span(num_frames, stride)} frames); the longest has {longest}"
    )
