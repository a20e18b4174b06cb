"""Random squares of a few large pictures, as clips of one frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

from tgan.data.account import Account
from tgan.rng import Stream, numpy_rng

# Left, top and side of a square, in pixels.
Box = tuple[int, int, int]


class Picture(Protocol):
    """Anything that squares can be cut from: it has a size, (width, height)."""

    size: tuple[int, int]


P = TypeVar("P", bound=Picture)


@dataclass(frozen=True, eq=False)
class CroppedPictures(Generic[P]):
    """Pictures kept whole, as a source of clips (`tgan.data.clips.ClipSource`) of one frame.

    Picture k is "video" k, and its squares are the "first frames" that a clip can have, so
    that the loader draws every picture once before any comes again, each time another square.

    Args:
        pictures: one or more.
        cut: from a picture and a box to the square, resized: (resolution, resolution, C), uint8.
        resolution: H = W.
        channels: C.
        crops: squares per picture, 1 or more.
        classes: positions in `labels` of each picture, or None.
        labels: names of the classes.
        skipped: `(name, reason)` of pictures that cannot be used.
        names: of the files; empty for pictures that have none.
        account, notes: of the files of a folder, as of `tgan.data.pictures.images.ImageClips`.

    Example:
        >>> squares = open_images("scenes", resolution=64, channels=3, crops=1000)
        >>> squares.num_starts(0), squares.clip(0, start=999).shape
        (1000, (1, 64, 64, 3))
    """

    pictures: Sequence[P]
    cut: Callable[[P, Box, int], np.ndarray]
    resolution: int
    channels: int
    crops: int
    classes: np.ndarray | None = None
    labels: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    notes: list[tuple[str, str]] = field(default_factory=list)
    num_frames: int = field(default=1, init=False)
    num_too_short: int = field(default=0, init=False)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(1, H, W, C) of every clip."""
        return 1, self.resolution, self.resolution, self.channels

    def __len__(self) -> int:
        return len(self.pictures)

    def num_starts(self, index: int) -> int:
        """Return the number of squares of a picture."""
        return self.crops

    def label(self, index: int) -> int | None:
        """Return the class of a picture, a position in `labels`."""
        return None if self.classes is None else int(self.classes[index])

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Cut square number `start` of picture `index` as a clip (1, H, W, C), uint8.

        Raises:
            IndexError: there is no such square.
        """
        if not 0 <= start < self.crops:
            raise IndexError(f"crop {start} of picture {index}, which has {self.crops}")
        picture = self.pictures[index]
        rng = numpy_rng(Stream.CROPS, index, start)
        box = random_box(rng, picture.size, self.resolution)
        return self.cut(picture, box, self.resolution)[None]


def random_box(rng: np.random.Generator, size: tuple[int, int], resolution: int) -> Box:
    """Draw a square anywhere in a picture, its side log-uniform from small to the short side.

    Small is the resolution, or a quarter of the short side where that is more; a picture that
    is smaller than the resolution gives squares as large as it allows.

    Args:
        size: width and height of the picture.
    """
    short = min(size)
    smallest = min(max(resolution, short // 4), short)
    side = int(np.exp(rng.uniform(np.log(smallest), np.log(short + 1))))
    side = min(max(side, smallest), short)
    left, top = (int(rng.integers(length - side + 1)) for length in size)
    return left, top, side


def middle_box(size: tuple[int, int]) -> Box:
    """Return the largest square in the middle of a picture of (width, height)."""
    side = min(size)
    return (size[0] - side) // 2, (size[1] - side) // 2, side
