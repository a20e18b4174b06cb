"""Scores of a run of one picture: how like the picture its samples are inside, and how varied."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import uniform_filter
from torch import Tensor

from tgan.data.pixels import normalise
from tgan.metrics.single_frechet import LEAST_SIDE, NAME, pixel_deviation, single_frechet
from tgan.rng import Stream, numpy_rng
from tgan.runs.picture import PictureEditor
from tgan.runs.trained import TrainedRun

# Samples share no seed with previews, nor with what users ask for first.
FIRST_SEED = 2_000_000


@dataclass(frozen=True)
class PictureScores:
    """What was measured.

    Attributes:
        distances: `single_frechet` of each sample and the picture.
        deviation: of pixels over samples, in deviations of the picture.
        remade: root mean square error of the remade picture, in levels of 255.
        controls: `single_frechet` of changed pictures and the picture, by name; of those that are
            large enough.
    """

    distances: list[float]
    deviation: float
    remade: float
    controls: dict[str, float]

    def as_json(self) -> dict[str, object]:
        """All of it, and the name of the distance."""
        return {
            NAME: {"mean": float(np.mean(self.distances)), "each": self.distances},
            "pixel_deviation": self.deviation,
            "remade_rmse": self.remade,
            "controls": self.controls,
        }


def measure_picture(run: TrainedRun, samples: int = 50, *, seed: int = 0) -> PictureScores:
    """Measure samples of a run of one picture beside the picture.

    Args:
        samples: how many, 2 or more; the authors take 50.
        seed: another one takes other samples.

    Raises:
        ValueError: fewer than two samples, a run of more than one picture, or whose picture is no
            longer there.
    """
    if samples < 2:
        raise ValueError(f"samples {samples} are below 2")
    editor = PictureEditor(run)
    picture, remade = editor.picture, editor.remade()
    first = FIRST_SEED + seed * samples
    made = run.sample(range(first, first + samples))[:, 0]
    images = torch.stack([_tensor(image) for image in made])
    real = _tensor(picture)
    errors = np.square(remade.astype(np.float64) - picture)
    return PictureScores(
        distances=[single_frechet(image, real) for image in images],
        deviation=pixel_deviation(images, real),
        remade=float(errors.mean() ** 0.5),
        controls={
            name: single_frechet(_tensor(changed), real)
            for name, change in PICTURE_CONTROLS.items()
            if min((changed := change(picture)).shape[:2]) >= LEAST_SIDE
        },
    )


def mirrored(picture: np.ndarray) -> np.ndarray:
    """The picture (H, W, C), left and right exchanged."""
    return picture[:, ::-1]


def blurred(picture: np.ndarray) -> np.ndarray:
    """The picture (H, W, C), whose pixels are means of 3x3."""
    return np.rint(uniform_filter(picture.astype(np.float64), (3, 3, 1), mode="nearest"))


def grainy(picture: np.ndarray) -> np.ndarray:
    """The picture (H, W, C) with normal noise of 8 levels in each byte."""
    noise = numpy_rng(Stream.CONTROLS, 30).normal(0, 8, picture.shape)
    return np.rint(picture + noise).clip(0, 255)


def squares(side: int) -> Callable[[np.ndarray], np.ndarray]:
    """What puts the squares of a picture (H, W, C) in random order; the rest is left out."""

    def shuffle(picture: np.ndarray) -> np.ndarray:
        height, width, channels = picture.shape
        rows, columns = height // side, width // side
        cut = picture[: rows * side, : columns * side].reshape(rows, side, columns, side, channels)
        cells = cut.swapaxes(1, 2).reshape(rows * columns, side, side, channels)
        order = numpy_rng(Stream.CONTROLS, 31, side).permutation(len(cells))
        cells = cells[order].reshape(rows, columns, side, side, channels)
        return cells.swapaxes(1, 2).reshape(rows * side, columns * side, channels)

    return shuffle


# Changed pictures (H, W, C), which a distance is to see.
PICTURE_CONTROLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "itself": lambda picture: picture,
    "mirrored": mirrored,
    "grainy": grainy,
    "blurred": blurred,
    "squares16": squares(16),
    "squares8": squares(8),
    "squares4": squares(4),
    "pixels": squares(1),
}


def _tensor(pixels: np.ndarray) -> Tensor:
    """Pixels (H, W, C) as an image (C, H, W) in [-1, 1)."""
    clip = torch.from_numpy(np.ascontiguousarray(pixels).astype(np.uint8))[None, None]
    return normalise(clip)[0, :, 0]
