"""Orientation of pictures: as a viewer shows them, however the camera was held.

Source: Exif 3.0, section 4.6.5 (tag 274); Pillow's `ImageOps.exif_transpose`, which does the same
but writes the other tags anew, and fails where one of these is damaged.
"""

import struct
import zlib
from typing import NamedTuple

from PIL import ExifTags, Image

# What Pillow raises where a file is damaged; readers of formats differ.
BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError),
    *(AttributeError, struct.error, zlib.error, Image.DecompressionBombError),
)
UPRIGHT = 1
# What undoes each way in which a picture may be stored.
_UNDONE_BY = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Those that change width and height.
_LYING = (5, 6, 7, 8)


class Stored(NamedTuple):
    """A picture as it is stored, and its orientation, 1 to 8."""

    image: Image.Image
    orientation: int

    @classmethod
    def of(cls, opened: Image.Image, image: Image.Image) -> "Stored":
        """Note of `image`, made of the pixels that were `opened`, what their file tells."""
        return cls(image, orientation_of(opened))


def orientation_of(image: Image.Image) -> int:
    """Return how a picture is stored, 1 to 8; 1 where nothing that can be read says so.

    Its pixels are loaded: some formats say it behind them, and Pillow itself turns TIFF.
    """
    image.load()
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except BROKEN:
        return UPRIGHT
    return found if found in _UNDONE_BY else UPRIGHT


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture that is stored in some orientation upright."""
    way = _UNDONE_BY.get(orientation)
    return image if way is None else image.transpose(way)


def upright(image: Image.Image) -> Image.Image:
    """Return a picture as a viewer shows it."""
    return turned(image, orientation_of(image))


def upright_pair(one: Stored, other: Stored) -> tuple[Image.Image, Image.Image]:
    """Return two pictures of one view as a viewer shows them.

    Mostly one alone, the colour, says how it is turned. Then their sizes tell whether the other
    was stored like it, and is turned, too, or as it is shown.

    Raises:
        ValueError: sizes do not tell.
    """
    ways = one.orientation, other.orientation
    if UPRIGHT in ways and ways[0] != ways[1]:
        way = max(ways)
        sizes = one.image.size, other.image.size
        if way not in _LYING or len(set(sizes[0])) == 1:
            raise ValueError(
                "one of the two says that it is turned, and sizes do not tell whether the other "
                "is: note the orientation in both"
            )
        ways = (way, way) if sizes[0] == sizes[1] else ways
    return turned(one.image, ways[0]), turned(other.image, ways[1])
