"""Rates of videos in frames per second: those that there are, and those that a format can play."""

from pathlib import Path
from typing import Any

# What all formats take but for those below.
MIN_FPS, MAX_FPS = 0.1, 1000
# GIF counts in hundredths of a second, and browsers play a frame of one hundredth as if it had ten.
_MAX_FPS = {".gif": 50}
# Rates that differ by a smaller share are those of one camera, or of times that are rounded.
_SAME = 0.02


def check_fps(path: str | Path, fps: float) -> None:
    """Check that the format that the ending of `path` names can be played at a rate.

    Raises:
        ValueError: with the limits.
    """
    ending = Path(path).suffix.lower()
    if not MIN_FPS <= fps <= MAX_FPS:
        raise ValueError(f"fps must be {MIN_FPS} to {MAX_FPS}, not {fps}")
    if fps > _MAX_FPS.get(ending, MAX_FPS):
        raise ValueError(
            f"'{path}': {ending} plays at most {_MAX_FPS[ending]} frames a second, not {fps:g}; "
            "choose a lower fps, or .webp or .mp4"
        )


def is_same_rate(one: float, other: float) -> bool:
    """Whether two rates are the same to rounding."""
    return abs(one - other) <= _SAME * min(one, other)


def as_rate(value: Any) -> float | None:
    """Return what somebody says is a rate as a float; None if it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and MIN_FPS <= value <= MAX_FPS else None
