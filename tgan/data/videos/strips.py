"""Videos in picture files: strips of frames, animations, stacks.

The strip's layout is MoCoGAN's (Tulyakov et al., CVPR 2018): square frames side by side.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from tgan.data.pictures.levels import eight_bits
from tgan.data.pictures.orientation import BROKEN, orientation_of, turned
from tgan.data.videos.arrays import to_frame
from tgan.data.videos.decode import MAX_PIXELS, DecodeError, Recording, check_size

# Formats of pictures in motion, in Pillow's words. Others hold several pictures that are no frames:
# the second in an MPO, as phones write JPEG, is another view, or a map of brightness.
_ANIMATED = frozenset({"AVIF", "FLI", "GIF", "PNG", "TIFF", "WEBP"})
_PAGES = frozenset({"TIFF"})


def num_strip_frames(path: Path) -> int:
    """Count the frames in a picture file; 0 for one that is neither strip nor animation.

    Opened by its content, not by its suffix: MoCoGAN's `.jpg` files are PNG. A second picture in a
    JPEG, or a page of another size in a TIFF, makes no animation.

    Raises:
        DecodeError: not a picture, or one of more than `MAX_PIXELS`.
    """
    with _open(path) as image:
        return _num_animated(path, image) or _num_squares(image)


def read_strip(path: Path, bounds: Sequence[float] | None = None) -> Recording:
    """Open a strip of square frames, horizontal or vertical, or an animation (WebP, PNG, TIFF).

    The side of a frame is the shorter side of the strip, the longer side is a multiple of it;
    frame 0 is at the left or at the top. An animation's frames have times, and it states the rate
    of its first frame; a strip's rate is not known. Both are upright, as their EXIF notes say.

    Args:
        bounds: what becomes black and white in pictures of more than 8 bits, as of
            `tgan.data.pictures.levels.eight_bits`.

    Raises:
        DecodeError: not a picture, too large, or a single picture whose longer side is not a
            multiple (2 or more) of the shorter.
    """
    with _open(path) as image:
        if _num_animated(path, image):
            return Recording(_animation(path, bounds), fps=_animation_fps(path, image))
        if not _num_squares(image):
            reason = f"a picture of {image.width}x{image.height} is not a strip of square frames"
            raise DecodeError(path, reason)
    return Recording(_strip(path, bounds))


def _open(path: Path) -> Image.Image:
    try:
        image = Image.open(path)
    except BROKEN as error:
        reason = "not a picture that Pillow can open"
        if isinstance(error, Image.DecompressionBombError):
            reason = f"a picture of more than {MAX_PIXELS} pixels"
        raise DecodeError(path, reason) from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
    check_size(path, image.width, image.height)
    return image


def _num_animated(path: Path, image: Image.Image) -> int:
    """The frames of an animation; 0 for a single picture."""
    try:
        several = image.format in _ANIMATED and image.is_animated
        if several and image.format in _PAGES and not _is_stack(image):
            return 0
        count = image.n_frames - _first(image) if several else 0
        return count if count > 1 else 0
    except BROKEN as error:
        raise DecodeError(path, f"a broken picture ({error})") from error


def _first(image: Image.Image) -> int:
    """The first frame of an animation: a PNG can begin with a picture that is no part of it."""
    return int(bool(image.info.get("default_image")))


def _is_stack(image: Image.Image) -> bool:
    """Whether the second page has the size of the first; if not, it may be a thumbnail."""
    size = image.size
    image.seek(1)
    is_stack = image.size == size
    image.seek(0)
    return is_stack


def _num_squares(image: Image.Image) -> int:
    shorter, longer = sorted(image.size)
    return longer // shorter if longer % shorter == 0 and longer > shorter else 0


def _pixels(path: Path, image: Image.Image, bounds: Sequence[float] | None) -> np.ndarray:
    """(H, W, 3) uint8, or (H, W, 4) where the picture has transparency."""
    try:
        orientation = orientation_of(image)
        image = _with_eight_bits(path, image, bounds)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except DecodeError:
        raise
    except BROKEN as error:
        raise DecodeError(path, f"a broken picture ({error})") from error
    return np.asarray(turned(image, orientation))


def _with_eight_bits(path: Path, image: Image.Image, bounds: Sequence[float] | None) -> Image.Image:
    try:
        return eight_bits(image, bounds)
    except ValueError as error:
        raise DecodeError(path, str(error)) from None


def _strip(path: Path, bounds: Sequence[float] | None) -> Iterator[av.VideoFrame]:
    with _open(path) as image:
        pixels = _pixels(path, image, bounds)
    axis = int(pixels.shape[1] > pixels.shape[0])
    side = pixels.shape[1 - axis]
    for square in np.split(pixels, pixels.shape[axis] // side, axis=axis):
        yield to_frame(square)


def _animation(path: Path, bounds: Sequence[float] | None) -> Iterator[av.VideoFrame]:
    with _open(path) as image:
        time, count, first = 0.0, _num_animated(path, image), _first(image)
        for index in range(count):
            try:
                image.seek(first + index)
                orientation = orientation_of(image)
                picture = _with_eight_bits(path, image, bounds).convert("RGBA")
                frame = to_frame(np.asarray(turned(picture, orientation)))
            except DecodeError:
                raise
            except BROKEN as error:
                reason = f"decoding failed after {index} frames ({error})"
                raise DecodeError(path, reason) from error
            duration = image.info.get("duration", 0)
            if duration:
                frame.pts, frame.duration = round(time), round(duration)
                frame.time_base = Fraction(1, 1000)
            time += duration
            yield frame


def _animation_fps(path: Path, image: Image.Image) -> float | None:
    """From the time that the first frame is shown, in milliseconds."""
    try:
        image.seek(_first(image))
        image.load()
    except BROKEN as error:
        raise DecodeError(path, f"a broken picture ({error})") from error
    milliseconds = image.info.get("duration", 0)
    return 1000 / milliseconds if milliseconds else None
