"""Remarks on videos: what is not wrong with them, and worth knowing."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tgan.lookup import counted
from tgan.media.rates import is_same_rate

# By the key that is kept for a video: what it means, after a number of videos.
REMARKS = {
    "resampled": "resampled to one rate: frames were repeated or left out",
    "no rate": "without a frame rate: not resampled, taken frame by frame",
    "variable": "with frames at uneven times, which were taken one after the other",
    "hdr": "in HDR (PQ or HLG), taken without tone mapping: colours are pale",
    "interlaced": "interlaced: both fields of a frame were taken as one picture",
    "sizes": "whose frames have several sizes: each was fitted by itself",
    "not square": "with pixels that are not square: taken in the shape that players show",
}


class Remarked(NamedTuple):
    """A video, its rate in frames per second, and the keys of what is remarkable about it."""

    name: str
    fps: float | None
    remarks: Iterable[str]


def remarks_on(videos: Iterable[Remarked]) -> Iterator[str]:
    """Say in a line each what is remarkable about videos, of how many, and which is the first.

    Example:
        >>> list(remarks_on([Remarked("a.mp4", 10.0, ["resampled"])]))
        ['1 video resampled to one rate: frames were repeated or left out (a.mp4)']
    """
    videos = list(videos)
    for key, words in REMARKS.items():
        names = [video.name for video in videos if key in video.remarks]
        if names:
            shown = names[0] if len(names) == 1 else f"the first: {names[0]}"
            yield f"{counted(len(names), 'video')} {words} ({shown})"
    rates = sorted({video.fps for video in videos if video.fps is not None})
    if rates and not is_same_rate(rates[0], rates[-1]):
        yield (
            f"videos of {rates[0]:.4g} to {rates[-1]:.4g} frames a second are mixed: their motion "
            "has different speeds, unless they are resampled to one rate (fps)"
        )
