"""Reader of stacked digits: the mode that an image shows, by a classifier of each channel."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from sklearn.svm import SVC

from tgan.data.clips import ClipSource
from tgan.data.made.digits import open_digits
from tgan.data.made.stacked import mode_of

# Chosen on the last fifth of the digits to train on: 99 % of them are read rightly.
PENALTY = 5.0


@dataclass(frozen=True)
class Reader:
    """A support vector machine that tells the ten digits apart.

    Whatever it is shown is some digit to it: an image of noise has a mode, too.

    Attributes:
        machine: takes pixels (N, H * H) in [0, 1].
        accuracy: share of the digits held out, which other people wrote, that it reads rightly.

    Example:
        >>> reader_of(8).modes(StackedDigits(resolution=8).clip(0)).shape
        (1,)
    """

    machine: SVC
    accuracy: float

    def modes(self, images: np.ndarray) -> np.ndarray:
        """Read the modes (N,), 0 to 999, of stacked digits (N, H, H, 3), uint8."""
        channels = np.moveaxis(images, -1, 1)
        digits = self.machine.predict(_pixels(channels.reshape(-1, *images.shape[1:3])))
        return mode_of(digits.reshape(-1, channels.shape[1]))


@cache
def reader_of(resolution: int) -> Reader:
    """Fit a reader to scikit-learn's digits at a resolution, without those held out."""
    machine = SVC(C=PENALTY)
    machine.fit(*_labelled(open_digits(resolution=resolution, channels=1)))
    held_out = open_digits(resolution=resolution, channels=1, held_out=True)
    return Reader(machine, float(machine.score(*_labelled(held_out))))


def _labelled(digits: ClipSource) -> tuple[np.ndarray, np.ndarray]:
    images = np.concatenate([digits.clip(index, 0)[..., 0] for index in range(len(digits))])
    return _pixels(images), np.array([digits.label(index) for index in range(len(digits))])


def _pixels(images: np.ndarray) -> np.ndarray:
    """Pixels (N, H * H) in [0, 1] of images (N, H, H), uint8."""
    return images.reshape(len(images), -1) / 255
