"""Pictures of more than 8 bits a channel, as bytes: their range, or stated bounds, become 0 to 255.

Grey pictures of 16 and 32 bits and of floats come so from microscopes, scanners and depth cameras.
Colour of 16 bits Pillow itself reads as 8, the upper byte of each number.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

# Modes of Pillow with 8 bits a channel or fewer.
_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
# Of 32 bits, whole numbers or floats: whatever range a program thought fit.
_ANY_RANGE = ("I", "F")
# Tags of TIFF, and a value of the second: 0 is white.
_BITS, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


def eight_bits(image: Image.Image, bounds: Sequence[float] | None = None) -> Image.Image:
    """Make grey bytes of a picture of more than 8 bits a channel; others are returned as they are.

    Args:
        bounds: numbers that become 0 and 255, what lies outside is clamped; None for the range of
            16 bits (of 12 where a TIFF has such).

    Raises:
        ValueError: 32 bits or floats without bounds; numbers that are not finite, or none within
            the bounds; or a mode that is not known.
    """
    if image.mode in _EIGHT_BITS:
        return image
    if image.mode not in _SIXTEEN_BITS + _ANY_RANGE:
        raise ValueError(f"pixels of mode {image.mode}, which is not read")
    values = np.asarray(image)
    levels = bytes_between(values, _bounds_of(image, values) if bounds is None else bounds)
    tags = getattr(image, "tag_v2", {})
    grey = Image.fromarray(255 - levels if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else levels)
    hidden = image.info.get("transparency")
    if hidden is not None:
        grey.putalpha(Image.fromarray(np.where(values == hidden, 0, 255).astype(np.uint8)))
    return grey


def bytes_between(values: np.ndarray, bounds: Sequence[float]) -> np.ndarray:
    """Map numbers (...) to bytes, the bounds to 0 and 255, rounded; what lies outside is clamped.

    Raises:
        ValueError: numbers that are not finite, or none within the bounds.
    """
    low, high = bounds
    if not np.isfinite(values).all():
        raise ValueError("pixels that are not finite")
    if not ((values >= low) & (values <= high)).any():
        raise ValueError(
            f"no pixel within pixel_bounds {low:g} to {high:g}: {values.min():g} to "
            f"{values.max():g}"
        )
    share = (values.astype(np.float64).clip(low, high) - low) / (high - low)
    return np.rint(share * 255).astype(np.uint8)


def check_pixel_bounds(bounds: Sequence[float]) -> tuple[float, float]:
    """Return the low and the high bound.

    Raises:
        ValueError: not two finite numbers, or not low < high.
    """
    if len(bounds) != 2 or not np.isfinite(bounds).all() or not bounds[0] < bounds[1]:
        raise ValueError(f"pixel_bounds {list(bounds)}: two numbers, low < high, are needed")
    return float(bounds[0]), float(bounds[1])


def _bounds_of(image: Image.Image, values: np.ndarray) -> tuple[float, float]:
    """The range of the numbers that a picture may hold."""
    bits = getattr(image, "tag_v2", {}).get(_BITS, (16,))[0]
    # Pillow scales numbers of PGM files to 16 bits, whatever their own maximum.
    if image.mode in _SIXTEEN_BITS or image.format == "PPM" and image.mode == "I":
        return 0, 2**bits - 1
    kind = {"I": "whole numbers of 32 bits", "F": "floats"}[image.mode]
    finite = values[np.isfinite(values)]
    found = f" ({finite.min():g} to {finite.max():g} here)" if finite.size else ""
    raise ValueError(f"pixels are {kind}{found}: pixel_bounds have to say what is black and white")
