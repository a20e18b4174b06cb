"""Videos whose frames are pictures with numbers, `video0/frame_0001.png` and so on."""

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from PIL import Image

from tgan.data.files import Entry
from tgan.data.pictures.opening import convert, open_picture
from tgan.data.videos.arrays import to_frame
from tgan.data.videos.decode import DecodeError, Recording
from tgan.data.videos.strips import num_strip_frames

# A strip has more squares than this; pictures of equal size that are two or three times as long
# as wide are frames.
_FEW_SQUARES = 3
_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass(frozen=True)
class FrameFiles:
    """Pictures that are the frames of one video, in order.

    Attributes:
        entries: the files.
        prefix: the beginning of their names.
        gaps: pairs of numbers between which files are missing.
    """

    entries: tuple[Entry, ...]
    prefix: str
    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def folder(self) -> str:
        """The path of the folder below the one that was searched; empty where it is that."""
        return self.entries[0].relative.rpartition("/")[0]

    @property
    def beginning(self) -> str:
        """The folder and the beginning of the names, which tell it from others there."""
        return f"{self.folder}/{self.prefix}".lstrip("/").rstrip("_-. ") or self.folder


def frame_files(pictures: Sequence[Entry]) -> list[FrameFiles]:
    """Group pictures into videos: those of one folder whose names differ in their last number.

    They are ordered by that number (`frame_2` before `frame_10`), whose usual step is the videos'
    own. Strips, animations, and pictures of different sizes are none.

    Example:
        >>> [len(video.entries) for video in frame_files(list(entries(Path("frames"))))]
        [120, 96]
    """
    groups = defaultdict(list)
    for entry in pictures:
        if found := _NUMBERED.fullmatch(entry.path.stem):
            key = (entry.path.parent, found[1], entry.path.suffix.lower())
            groups[key].append((int(found[2]), entry))
    return [
        _in_order(prefix, numbered)
        for (_, prefix, _), numbered in groups.items()
        if len(numbered) > 1 and _are_frames([entry.path for _, entry in numbered])
    ]


def read_frame_files(
    paths: Sequence[Path], fps: float | None = None, *, bounds: Sequence[float] | None = None
) -> Recording:
    """Open pictures as the frames of a video.

    Args:
        fps: their rate, which pictures do not tell.
        bounds: as of `tgan.data.pictures.levels.eight_bits`.

    Raises:
        DecodeError: from `frames`, a picture that cannot be read.
    """
    return Recording(_frames(paths, bounds), fps=fps)


def _in_order(prefix: str, numbered: list[tuple[int, Entry]]) -> FrameFiles:
    numbered = sorted(numbered, key=lambda pair: (pair[0], pair[1].path.name))
    numbers = [number for number, _ in numbered]
    steps = Counter(after - before for before, after in pairwise(numbers))
    # The smallest of the most common: (0, 1, 3) has a gap.
    step = min(steps, key=lambda step: (-steps[step], step))
    gaps = tuple(pair for pair in pairwise(numbers) if pair[1] - pair[0] > step)
    return FrameFiles(tuple(entry for _, entry in numbered), prefix, gaps)


def _are_frames(paths: Sequence[Path]) -> bool:
    """By three of them: to open all would take minutes where there are a million."""
    some = [paths[0], paths[len(paths) // 2], paths[-1]]
    try:
        squares = {num_strip_frames(path) for path in some}
    except DecodeError:
        # A broken one among them is named when the video is read.
        return True
    sizes = {open_picture(path, lambda image: image.size) for path in some}
    few = squares <= {0, 2, _FEW_SQUARES} and (squares == {0} or len(paths) > _FEW_SQUARES)
    return len(sizes) == 1 and few


def _frames(paths: Sequence[Path], bounds: Sequence[float] | None) -> Iterator[av.VideoFrame]:
    for number, path in enumerate(paths):
        pixels = open_picture(path, functools.partial(_pixels, bounds=bounds))
        if isinstance(pixels, str):
            raise DecodeError(path.parent, f"frame {number}, '{path.name}': {pixels}")
        yield to_frame(pixels)


def _pixels(image: Image.Image, *, bounds: Sequence[float] | None) -> np.ndarray:
    channels = 4 if image.has_transparency_data else 3
    return np.asarray(convert(image, channels=channels, bounds=bounds))
