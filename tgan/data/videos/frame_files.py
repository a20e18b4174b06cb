"""Videos whose frames are pictures with numbers, `video0/frame_0001.png` and so on."""

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
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
FEW_SQUARES = 3
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class FrameFiles:
    """Pictures that are the frames of one video, in order.

    Attributes:
        entries: the files.
        prefix: their names up to the number of the frame.
        gaps: pairs of numbers between which files are missing.
        problem: why they cannot be taken.
    """

    entries: tuple[Entry, ...]
    prefix: str
    gaps: tuple[tuple[int, int], ...] = ()
    problem: str | None = None

    @property
    def folder(self) -> str:
        """The path of the folder below the one that was searched; empty where it is that."""
        return self.entries[0].relative.rpartition("/")[0]

    @property
    def beginning(self) -> str:
        """The folder and the beginning of the names, which tell it from others there."""
        return f"{self.folder}/{self.prefix}".strip("/").rstrip("_-. (/") or self.folder


def frame_files(
    pictures: Sequence[Entry], beside: Collection[Path] = frozenset()
) -> list[FrameFiles]:
    """Group pictures into videos: those of one folder whose names differ in a number.

    If they differ in several numbers, the last of these counts frames, the others videos. Frames
    are ordered by their number (`frame_2` before `frame_10`), whose usual step is the video's
    own. Strips and animations are none; a number that is there twice, or pictures of different
    sizes, are a problem.

    Args:
        beside: folders with videos, whose pictures are posters or photographs.

    Example:
        >>> [len(video.entries) for video in frame_files(list(entries(Path("frames"))))]
        [120, 96]
    """
    groups = defaultdict(list)
    for entry in pictures:
        stem = entry.path.stem
        if _NUMBER.search(stem) and entry.path.parent not in beside:
            groups[entry.path.parent, _NUMBER.sub("0", stem)].append(entry)
    videos = [video for group in groups.values() for video in _videos_of(group)]
    return [video for video in videos if len(video.entries) > 1 and _may_be_frames(video)]


def _videos_of(group: Sequence[Entry]) -> Iterator[FrameFiles]:
    """Videos of pictures whose names are alike but for numbers."""
    numbers = [tuple(map(int, _NUMBER.findall(entry.path.stem))) for entry in group]
    varying = [
        place for place, column in enumerate(zip(*numbers, strict=True)) if len({*column}) > 1
    ]
    place = varying[-1] if varying else len(numbers[0]) - 1
    videos = defaultdict(list)
    for of_entry, entry in zip(numbers, group, strict=True):
        videos[of_entry[:place] + of_entry[place + 1 :]].append((of_entry[place], entry))
    for numbered in videos.values():
        endings = {entry.path.suffix.lower() for _, entry in numbered}
        # A recording that goes on in another format is one video; the same in two formats is two.
        parts = (
            [numbered]
            if _are_different(numbered)
            else [
                [pair for pair in numbered if pair[1].path.suffix.lower() == ending]
                for ending in sorted(endings)
            ]
        )
        yield from (_in_order(part, place) for part in parts)


def _are_different(numbered: Sequence[tuple[int, Entry]]) -> bool:
    return len({number for number, _ in numbered}) == len(numbered)


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


def _in_order(numbered: Sequence[tuple[int, Entry]], place: int) -> FrameFiles:
    numbered = sorted(numbered, key=lambda pair: (pair[0], pair[1].path.name))
    numbers, files = zip(*numbered, strict=True)
    stem = files[0].path.stem
    prefix = stem[: list(_NUMBER.finditer(stem))[place].start()]
    twice = [pair for pair in pairwise(numbered) if pair[0][0] == pair[1][0]]
    if twice:
        (number, one), (_, other) = twice[0]
        problem = f"frame {number} is there twice: '{one.path.name}', '{other.path.name}'"
        return FrameFiles(files, prefix, problem=problem)
    steps = Counter(after - before for before, after in pairwise(numbers))
    # The smallest of the most common: (0, 1, 3) has a gap.
    step = min(steps, key=lambda step: (-steps[step], step), default=1)
    gaps = tuple(pair for pair in pairwise(numbers) if pair[1] - pair[0] > step)
    return FrameFiles(files, prefix, gaps, _different_sizes([entry.path for entry in files]))


def _some(paths: Sequence[Path]) -> list[Path]:
    """Three of them: to open all would take minutes where there are a million."""
    return [paths[0], paths[len(paths) // 2], paths[-1]]


def _different_sizes(paths: Sequence[Path]) -> str | None:
    """What is wrong with pictures of different sizes; broken ones are named when they are read."""
    found = {path: open_picture(path, lambda image: image.size) for path in _some(paths)}
    sizes = sorted({size for size in found.values() if not isinstance(size, str)})
    if len(sizes) < 2:
        return None
    first, other = (f"{width}x{height}" for width, height in sizes[:2])
    return f"pictures of different sizes ({first}, {other}) are no video"


def _may_be_frames(video: FrameFiles) -> bool:
    """Whether pictures are neither strips nor animations."""
    try:
        squares = {num_strip_frames(entry.path) for entry in _some(video.entries)}
    except DecodeError:
        return True
    few = squares <= {0, 2, FEW_SQUARES}
    return few and (squares == {0} or (len(video.entries) > FEW_SQUARES and not video.problem))


def _frames(paths: Sequence[Path], bounds: Sequence[float] | None) -> Iterator[av.VideoFrame]:
    for number, path in enumerate(paths):
        pixels = open_picture(path, functools.partial(_pixels, bounds=bounds))
        if isinstance(pixels, str):
            raise DecodeError(path.parent, f"frame {number}, '{path.name}': {pixels}")
        yield to_frame(pixels)


def _pixels(image: Image.Image, *, bounds: Sequence[float] | None) -> np.ndarray:
    channels = 4 if image.has_transparency_data else 3
    return np.asarray(convert(image, channels=channels, bounds=bounds))
