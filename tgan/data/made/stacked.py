"""Stacked digits: images of three handwritten digits, one in each channel, in 1,000 modes."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tgan.data.made.digits import DIGITS, MAX_SIZE, open_digits
from tgan.data.pictures.images import ImageClips
from tgan.rng import Stream, numpy_rng

CHANNELS = 3
MODES = len(DIGITS) ** CHANNELS


@dataclass(frozen=True)
class StackedDigits:
    """Images (1, H, H, 3), uint8, of three of scikit-learn's digits, drawn independently.

    Image i is a pure function of (seed, i) and of the settings. All 1,000 triples of digits are
    equally likely but for how often each digit was written. Images have no class, since what they
    are for is counting the triples that a generator without classes makes.

    Args:
        resolution: H.
        size: number of images, at most `MAX_SIZE`.
        seed: of the choice of digits.
        held_out: draw from the sixth of the digit images that is otherwise left out.

    Raises:
        ValueError: a setting out of range.

    Source: Metz et al. 2017, section 3.3; Srivastava et al. 2017, section 4.1, with MNIST's
        digits of 28x28 pixels, which these are not.

    Example:
        >>> StackedDigits(resolution=8).clip(0).shape
        (1, 8, 8, 3)
    """

    resolution: int = 8
    size: int = 10_000
    seed: int = 0
    held_out: bool = False
    labels: list[str] = field(default_factory=list, init=False)
    skipped: list[tuple[str, str]] = field(default_factory=list, init=False)
    num_too_short: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.resolution < 1:
            raise ValueError(f"stacked digits: resolution {self.resolution} is below 1")
        if not 1 <= self.size <= MAX_SIZE:
            raise ValueError(f"stacked digits: size {self.size} is not in 1 to {MAX_SIZE}")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(1, H, H, 3) of every image."""
        return 1, self.resolution, self.resolution, CHANNELS

    @property
    def num_frames(self) -> int:
        """Return 1: images are clips of one frame."""
        return 1

    def __len__(self) -> int:
        return self.size

    def num_starts(self, index: int) -> int:
        """Return 1: an image has one frame to start at."""
        return 1

    def label(self, index: int) -> None:
        """Return None: images have no class."""

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Stack image `index` as a clip (1, H, H, 3), uint8."""
        digits = [self._digits.clip(int(chosen), 0) for chosen in self._chosen(index)]
        return np.concatenate(digits, axis=-1)

    def mode(self, index: int) -> int:
        """Return the mode of an image, 0 to 999: its digits, read red, green, blue."""
        return int(mode_of(np.array([self._digits.label(int(i)) for i in self._chosen(index)])))

    def _chosen(self, index: int) -> np.ndarray:
        """Positions of the three digit images."""
        rng = numpy_rng(Stream.STACKS, self.seed, int(self.held_out), index)
        return rng.integers(len(self._digits), size=CHANNELS)

    @cached_property
    def _digits(self) -> ImageClips:
        return open_digits(resolution=self.resolution, channels=1, held_out=self.held_out)


def mode_of(digits: np.ndarray) -> np.ndarray:
    """Number the modes (...) of triples of digits (..., 3), 0 to 999.

    Example:
        >>> int(mode_of(np.array([0, 4, 2])))
        42
    """
    return digits @ len(DIGITS) ** np.arange(CHANNELS)[::-1]
