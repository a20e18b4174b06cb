"""One picture, whole, as the only clip of a source."""

from pathlib import Path

import numpy as np
from PIL import Image

from tgan.data.pictures.images import ImageClips
from tgan.data.pictures.opening import convert, open_picture, single


def open_single(path: Path | str, *, resolution: int, channels: int) -> ImageClips:
    """Open the one picture of a file: a clip (1, H, W, C), its sides in proportion.

    It is shrunk until its longer side is `resolution`, and not enlarged. Colour and transparency
    are those of `tgan.data.pictures.images.open_images`.

    Args:
        resolution: the longer side, at most.
        channels: 1, 3, or 4 (RGB and transparency).

    Raises:
        ValueError: nothing there, a folder, or no picture that can be read.

    Example:
        >>> open_single("birds.jpg", resolution=96, channels=3).shape
        (1, 72, 96, 3)
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"'{path}' is a folder: one picture is needed, the file itself")
    if not path.is_file():
        raise ValueError(f"no such file: '{path}'")
    found = open_picture(
        path, lambda image: shrunk(convert(single(image), channels=channels), resolution)
    )
    if isinstance(found, str):
        raise ValueError(f"'{path}': {found}")
    return ImageClips(found[None], names=[path.name])


def shrunk(image: Image.Image, resolution: int) -> np.ndarray:
    """Pixels (H, W, C), uint8, of an image whose longer side is made `resolution` at most."""
    share = min(resolution / max(image.size), 1)
    if share < 1:
        width, height = (max(round(side * share), 1) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(image).reshape(image.height, image.width, -1)
