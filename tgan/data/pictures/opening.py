"""Picture files: opened, converted to grey, RGB or RGBA, and squares of them resized."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tgan.data.pictures.crops import Box
from tgan.data.pictures.levels import eight_bits
from tgan.data.pictures.orientation import BROKEN, orientation_of, turned
from tgan.data.videos.decode import MAX_PIXELS

# By number of channels.
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# Formats whose frames follow each other in time.
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
T = TypeVar("T")


def open_picture(path: Path, use: Callable[[Image.Image], T]) -> T | str:
    """Open a picture and return what `use` makes of it, or say why it cannot be used."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                return f"a picture of more than {MAX_PIXELS} pixels"
            return use(image)
    except UnidentifiedImageError:
        return "not a picture that Pillow can open"
    except BROKEN as error:
        return " ".join(str(error).split()) or type(error).__name__


def single(image: Image.Image) -> Image.Image:
    """Return an image that does not move; of several pages in a file the first counts.

    Raises:
        ValueError: it is an animation.
    """
    if image.format in _ANIMATED and getattr(image, "n_frames", 1) > 1:
        raise ValueError(f"an animation of {image.n_frames} frames, which is a video")
    return image


def fit_image(
    image: Image.Image, *, resolution: int, channels: int, bounds: Sequence[float] | None = None
) -> np.ndarray:
    """Resize the middle square of an image: (resolution, resolution, C), uint8.

    Args:
        bounds: as of `tgan.data.pictures.levels.eight_bits`.

    Raises:
        ValueError: as `convert`.
    """
    image = convert(image, channels=channels, bounds=bounds)
    way = _resampling(min(image.size), resolution)
    return _pixels(ImageOps.fit(image, (resolution, resolution), way))


def square(image: Image.Image, box: Box, resolution: int) -> np.ndarray:
    """Resize the square `box` of an image: (resolution, resolution, C), uint8."""
    left, top, side = box
    corners = (left, top, left + side, top + side)
    way = _resampling(side, resolution)
    return _pixels(image.resize((resolution, resolution), way, box=corners))


def convert(
    image: Image.Image, *, channels: int, bounds: Sequence[float] | None = None
) -> Image.Image:
    """Convert an image to grey, RGB or RGBA, upright as a viewer shows it.

    Args:
        bounds: as of `tgan.data.pictures.levels.eight_bits`.

    Raises:
        ValueError: as `with_channels`.
    """
    orientation = orientation_of(image)
    return turned(with_channels(image, channels, bounds), orientation)


def with_channels(
    image: Image.Image, channels: int, bounds: Sequence[float] | None = None
) -> Image.Image:
    """Convert an image to grey, RGB or RGBA, as it is stored.

    Raises:
        ValueError: a number of channels that there is not; as `eight_bits`.
    """
    if channels not in MODES:
        raise ValueError(f"channels must be 1, 3 or 4, not {channels}")
    image = eight_bits(image, bounds)
    if image.has_transparency_data and channels != 4:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return image.convert(MODES[channels])


def _resampling(side: int, resolution: int) -> Image.Resampling:
    return Image.Resampling.BOX if side > resolution else Image.Resampling.BICUBIC


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).reshape(image.height, image.width, -1)
