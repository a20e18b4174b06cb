"""Picture files: opened, converted to grey, RGB or RGBA, and squares of them resized."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tgan.data.pictures.crops import Box
from tgan.data.videos.decode import MAX_PIXELS

# What Pillow raises where a file is damaged; readers of formats differ.
BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError),
    *(AttributeError, struct.error, zlib.error, Image.DecompressionBombError),
)
# Modes of Pillow with 8 bits a channel or fewer.
_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
# By number of channels.
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
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


def fit_image(image: Image.Image, *, resolution: int, channels: int) -> np.ndarray:
    """Resize the middle square of an image: (resolution, resolution, C), uint8.

    Raises:
        ValueError: as `convert`.
    """
    image = convert(image, channels=channels)
    way = _resampling(min(image.size), resolution)
    return _pixels(ImageOps.fit(image, (resolution, resolution), way))


def square(image: Image.Image, box: Box, resolution: int) -> np.ndarray:
    """Resize the square `box` of an image: (resolution, resolution, C), uint8."""
    left, top, side = box
    corners = (left, top, left + side, top + side)
    way = _resampling(side, resolution)
    return _pixels(image.resize((resolution, resolution), way, box=corners))


def convert(image: Image.Image, *, channels: int) -> Image.Image:
    """Convert an image to grey, RGB or RGBA.

    Raises:
        ValueError: more than 8 bits per channel, or a number of channels that there is not.
    """
    if channels not in MODES:
        raise ValueError(f"channels must be 1, 3 or 4, not {channels}")
    check_eight_bits(image)
    if image.has_transparency_data and channels != 4:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return image.convert(MODES[channels])


def check_eight_bits(image: Image.Image) -> None:
    """Raise a ValueError if an image has more than 8 bits per channel, which would be cut off."""
    if image.mode not in _EIGHT_BITS:
        raise ValueError(f"pixels of mode {image.mode}; 8 bits per channel are needed")


def _resampling(side: int, resolution: int) -> Image.Resampling:
    return Image.Resampling.BOX if side > resolution else Image.Resampling.BICUBIC


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).reshape(image.height, image.width, -1)
