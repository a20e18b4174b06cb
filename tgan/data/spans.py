"""Frame arithmetic of clips, and the error messages for videos that are too short."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tgan.media.rates import is_same_rate


def clip_span(num_frames: int, stride: int) -> int:
    """Count the frames of a video from the first frame of a clip to its last, inclusive.

    Raises:
        ValueError: `num_frames` or `stride` below 1.
    """
    for name, value in (("num_frames", num_frames), ("stride", stride)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    return (num_frames - 1) * stride + 1


def most_frames(length: int, stride: int) -> int:
    """Count the frames of the longest clip at `stride` that fits into a video of `length` frames.

    Raises:
        ValueError: `stride` below 1.
    """
    clip_span(1, stride)
    return (int(length) - 1) // stride + 1


def check_start(clips: Any, index: int, start: int) -> None:
    """Raise an IndexError if a source of clips has no such video, or no such first frame of it."""
    if not 0 <= index < len(clips):
        raise IndexError(f"no video {index} among {len(clips)}")
    if not 0 <= start < clips.num_starts(index):
        last = clips.num_starts(index) - 1
        raise IndexError(f"a clip of video {index} can start at frame 0 to {last}, not {start}")


def too_short_message(where: object, longest: int, num_frames: int, stride: int) -> str:
    """Say why none of the videos that were found somewhere is as long as a clip."""
    return (
        f"no video in {where} is long enough for num_frames {num_frames} at stride {stride}"
        f" ({clip_span(num_frames, stride)} frames); the longest has {longest}"
    )


def common_rate(rates: Iterable[float | None], stride: int) -> float | None:
    """Return the commonest of some rates, divided by a stride; None where all are None.

    Rates that are the same to rounding count together.
    """
    known = Counter(rate for rate in rates if rate is not None)

    def alike(rate: float) -> tuple[int, int]:
        return sum(n for other, n in known.items() if is_same_rate(rate, other)), known[rate]

    return max(known, key=alike) / stride if known else None
