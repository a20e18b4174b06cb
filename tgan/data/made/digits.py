"""Handwritten digits that need no download: as images, and as clips in which they bounce around.

The motion is the Moving MNIST recipe (Srivastava et al. 2015); the digits are the 1,797 that
scikit-learn ships, or those of any MNIST IDX file.
"""

import gzip
import struct
import zlib
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from tgan.data.pictures.images import ImageClips
from tgan.data.pictures.opening import fit_image
from tgan.rng import Stream, numpy_rng

# Srivastava et al.: 28x28 digits on a 64x64 canvas, 0.1 of the free way per frame.
DIGIT_TO_CANVAS = 28 / 64
STEP_LENGTH = 0.1
# One digit image in six, the last ones, is kept for clips that training never sees.
HELD_OUT_SHARE = 6
DIGITS = tuple("0123456789")
# Far beyond any use; the order of clips takes memory in proportion.
MAX_SIZE = 10_000_000

_IDX_IMAGES_MAGIC, _IDX_LABELS_MAGIC = 0x00000803, 0x00000801


@dataclass(frozen=True)
class MovingDigits:
    """Clips (T, H, H, 1), uint8, of one or more digits that bounce off the edges.

    Clip i is a pure function of (seed, i), of the settings and of the digit images. Clips of a
    single digit have its class, "0" to "9".

    Args:
        num_frames: T.
        resolution: H.
        channels: 1, or 3 for grey in RGB.
        num_digits: digits per clip; where they overlap the brighter pixel wins.
        size: number of clips, at most `MAX_SIZE`.
        seed: of positions, directions and choice of digits.
        path: an MNIST image file in IDX format, gzipped or not; None takes scikit-learn's. Classes
            are those of the file beside it that MNIST names `labels-idx1` in place of
            `images-idx3`; without it there are none.
        held_out: draw from the sixth of the digit images that is otherwise left out.

    Raises:
        ValueError: a setting out of range, a file of classes that are not one of 0 to 9 for each
            image, or as `read_idx_images`.

    Example:
        >>> digits = MovingDigits(num_frames=20, held_out=True)
        >>> digits.clip(7).shape
        (20, 64, 64, 1)
    """

    num_frames: int = 16
    resolution: int = 64
    channels: int = 1
    num_digits: int = 2
    size: int = 10_000
    seed: int = 0
    path: str | None = None
    held_out: bool = False
    skipped: list[tuple[str, str]] = field(default_factory=list, init=False)
    num_too_short: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        for name in ("num_frames", "resolution", "num_digits", "size"):
            if getattr(self, name) < 1:
                raise ValueError(f"moving digits: {name} {getattr(self, name)} is below 1")
        if self.size > MAX_SIZE:
            raise ValueError(f"moving digits: size {self.size} is above {MAX_SIZE}")
        if self.channels not in (1, 3):
            raise ValueError(f"moving digits: channels {self.channels}; choose from 1, 3")
        if self.path is not None:
            _read_digits(self.path)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, H, W, C) of every clip."""
        return (self.num_frames, self.resolution, self.resolution, self.channels)

    def __len__(self) -> int:
        return self.size

    def num_starts(self, index: int) -> int:
        """Return 1: every clip starts at its first frame."""
        return 1

    @property
    def labels(self) -> list[str]:
        """Names of the classes; none where a clip has several digits, or digits have no class."""
        return [] if self._classes is None else list(DIGITS)

    def label(self, index: int) -> int | None:
        """Give the class of the digit of clip `index`; None where there are no classes."""
        if self._classes is None:
            return None
        return int(self._classes[self._rng(index).integers(len(self._classes))])

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Draw clip `index`: (T, H, W, C), uint8."""
        rng = self._rng(index)
        canvas = np.zeros(self.shape[:3], np.uint8)
        side = self._digits.shape[1]
        for _ in range(self.num_digits):
            digit = self._digits[rng.integers(len(self._digits))]
            corners = bounce(rng, self.num_frames) * (self.resolution - side)
            for frame, (top, left) in zip(canvas, corners.astype(int), strict=True):
                window = frame[top : top + side, left : left + side]
                np.maximum(window, digit, out=window)
        return np.repeat(canvas[..., None], self.channels, axis=-1)

    def _rng(self, index: int) -> np.random.Generator:
        return numpy_rng(Stream.DIGITS, self.seed, int(self.held_out), index)

    @cached_property
    def _classes(self) -> np.ndarray | None:
        """The class of each digit image (count,), where a clip has one digit."""
        if self.num_digits > 1:
            return None
        classes = _bundled_digits()[1] if self.path is None else _read_classes(self.path)
        return None if classes is None else classes[_part(len(classes), held_out=self.held_out)]

    @cached_property
    def _digits(self) -> np.ndarray:
        side = max(round(self.resolution * DIGIT_TO_CANVAS), 1)
        if self.path is None:
            return _bundled_of_side(side, held_out=self.held_out)
        return _of_side(read_idx_images(self.path), side, held_out=self.held_out)


def open_digits(
    *, resolution: int, channels: int, held_out: bool = False, path: str | None = None
) -> ImageClips:
    """Open scikit-learn's 1,797 handwritten digits (8x8), or those of a file, with their classes.

    Args:
        resolution: H = W, which they are resized to.
        channels: 1, 3, or 4 (RGB and transparency).
        held_out: the last sixth of them instead of the others.
        path: an MNIST image file, see `MovingDigits`.

    Raises:
        ValueError: as `MovingDigits`, of the file.
    """
    images, classes = _bundled_digits() if path is None else _read_digits(path)
    part = _part(len(images), held_out=held_out)
    pixels = [
        fit_image(Image.fromarray(image), resolution=resolution, channels=channels)
        for image in images[part]
    ]
    if classes is None:
        return ImageClips(np.stack(pixels))
    return ImageClips(np.stack(pixels), classes[part], list(DIGITS))


def bounce(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """Draw a straight path in the unit square that is reflected at its edges: (num_frames, 2).

    Source: Srivastava et al. 2015, section 4.1 (position and direction uniform, constant speed).
    """
    position = rng.random(2)
    angle = rng.random() * 2 * np.pi
    velocity = STEP_LENGTH * np.array([np.sin(angle), np.cos(angle)])
    path = np.empty((num_frames, 2))
    for t in range(num_frames):
        position = position + velocity
        outside = (position <= 0) | (position >= 1)
        velocity = np.where(outside, -velocity, velocity)
        position = position.clip(0, 1)
        path[t] = position
    return path


def read_idx_images(path: str | Path) -> np.ndarray:
    """Read the images of an MNIST IDX file, gzipped or not: (count, height, width), uint8.

    Raises:
        ValueError: the file is missing, is no IDX file of images or cut short, or holds fewer
            images than `HELD_OUT_SHARE` or none with a pixel.

    Source: the format as described on the MNIST page of LeCun, Cortes and Burges.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"digit images '{path}': no such file (an MNIST IDX file is expected)")
    data = _read_idx(path)
    magic, count, height, width = struct.unpack(">4I", data[:16].ljust(16, b"\0"))
    if magic != _IDX_IMAGES_MAGIC or len(data) - 16 != count * height * width:
        raise ValueError(f"digit images '{path}': not a whole IDX file of images (magic 2051)")
    if count < HELD_OUT_SHARE or height * width == 0:
        raise ValueError(
            f"digit images '{path}': {count} images of {height}x{width} pixels; at least "
            f"{HELD_OUT_SHARE} of 1x1 are needed"
        )
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, height, width)


def _read_digits(path: str | Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Read an MNIST file of images, and the classes (count,) beside it, if they are there.

    Raises:
        ValueError: as `read_idx_images` and `_read_classes`, or not one class for each image.
    """
    images, classes = read_idx_images(path), _read_classes(path)
    if classes is not None and len(classes) != len(images):
        raise ValueError(
            f"digit classes beside '{path}': {len(classes)} of them are not one for "
            f"each of {len(images)} images"
        )
    return images, classes


def _read_classes(images: str | Path) -> np.ndarray | None:
    """Read the classes (count,) of an MNIST file of images; None where no file of them is there.

    Raises:
        ValueError: the file is no IDX file of labels from 0 to 9.
    """
    name = Path(images).name.replace("images-idx3", "labels-idx1")
    path = Path(images).with_name(name)
    if path.name == Path(images).name or not path.is_file():
        return None
    data = _read_idx(path)
    magic, count = struct.unpack(">2I", data[:8].ljust(8, b"\0"))
    classes = np.frombuffer(data, np.uint8, offset=min(8, len(data)))
    if magic != _IDX_LABELS_MAGIC or len(classes) != count or (classes >= len(DIGITS)).any():
        raise ValueError(f"digit classes '{path}': not a whole IDX file of classes 0 to 9")
    return classes


def _read_idx(path: Path) -> bytes:
    """Read an IDX file, gzipped or not; nothing where it cannot be read."""
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error):
        return b""


@lru_cache(maxsize=2)
def _bundled_of_side(side: int, *, held_out: bool) -> np.ndarray:
    """scikit-learn's digits of one part, enlarged once for all sources of a process."""
    return _of_side(_bundled_digits()[0], side, held_out=held_out)


def _of_side(images: np.ndarray, side: int, *, held_out: bool) -> np.ndarray:
    part = images[_part(len(images), held_out=held_out)]
    return np.stack([_resize(image, side) for image in part])


@cache
def _bundled_digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits (1797, 8, 8), uint8, and their classes (1797,)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return (digits.images * (255 / 16)).round().astype(np.uint8), digits.target


def _part(count: int, *, held_out: bool) -> slice:
    kept = count - count // HELD_OUT_SHARE
    return slice(kept, None) if held_out else slice(kept)


def _resize(image: np.ndarray, side: int) -> np.ndarray:
    if image.shape == (side, side):
        return image
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))
