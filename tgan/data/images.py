"""Images as clips of one frame: folders of pictures, NumPy archives, scikit-learn's digits.

Everything is read at once and kept in memory as bytes; larger sets are for `tgan prepare`.
"""

import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from tgan.data.decode import MAX_PIXELS
from tgan.data.digits import HELD_OUT_SHARE
from tgan.lookup import did_you_mean

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
# Modes of Pillow with 8 bits a channel; what has more would be cut off in converting.
_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
IMAGES = "images"

Fit = Callable[[Image.Image], np.ndarray]


@dataclass(frozen=True, eq=False)
class ImageClips:
    """Images as a source of clips (`tgan.data.clips.ClipSource`) of one frame.

    Args:
        pixels: (N, H, W, C), uint8.
        classes: (N,) positions in `labels`, or None.
        labels: names of the classes.
        skipped: `(name, reason)` of pictures that cannot be used.
        names: N names of files; empty for images that have none.

    Raises:
        ValueError: there are no images.
    """

    pixels: np.ndarray
    classes: np.ndarray | None = None
    labels: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    num_frames: int = field(default=1, init=False)
    num_too_short: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if not len(self.pixels):
            raise ValueError("no images")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(1, H, W, C) of every clip."""
        return 1, *self.pixels.shape[1:]

    def __len__(self) -> int:
        return len(self.pixels)

    def num_starts(self, index: int) -> int:
        """An image has one frame to start at."""
        return 1

    def label(self, index: int) -> int | None:
        """The class of an image, a position in `labels`."""
        return None if self.classes is None else int(self.classes[index])

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Image `index` as a clip (1, H, W, C) uint8."""
        return self.pixels[index][None]


def open_images(
    path: Path | str, *, resolution: int, channels: int, labels_key: str | None = None
) -> ImageClips:
    """The images of a folder, or of a `.npz` file.

    Of a folder, searched to any depth, all pictures are taken; where each lies in a folder below
    `path`, these name the classes. An archive has an array `images`, uint8 (N, H, W) or
    (N, H, W, C). Pictures of any size are cropped to their middle square and resized; colour
    becomes luma for one channel, and transparency is laid on black but for four.

    Args:
        resolution: H = W.
        channels: 1, 3, or 4 (RGB and transparency).
        labels_key: the array of an archive that names classes: whole numbers or text (N,).

    Raises:
        ValueError: nothing there, no picture that can be read, or an array that does not fit.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"no such file or folder: '{path}'")
    fit = partial(fit_image, resolution=resolution, channels=channels)
    if path.is_file():
        return _from_archive(path, fit, labels_key)
    if labels_key is not None:
        raise ValueError(f"data.labels_key '{labels_key}' is for a .npz file; '{path}' is a folder")
    return _from_folder(path, fit)


def open_digits(*, resolution: int, channels: int, held_out: bool = False) -> ImageClips:
    """scikit-learn's 1,797 handwritten digits (8x8), enlarged, with their classes.

    Args:
        held_out: the last sixth of them instead of the others.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images * (255 / 16)).round().astype(np.uint8)
    kept = len(images) - len(images) // HELD_OUT_SHARE
    part = slice(kept, None) if held_out else slice(kept)
    pixels = [
        fit_image(Image.fromarray(image), resolution=resolution, channels=channels)
        for image in images[part]
    ]
    return ImageClips(np.stack(pixels), digits.target[part], [str(n) for n in digits.target_names])


def fit_image(image: Image.Image, *, resolution: int, channels: int) -> np.ndarray:
    """The middle square of an image at a resolution: (H, W, C), uint8.

    Raises:
        ValueError: more than 8 bits per channel, or a number of channels that there is not.
    """
    if channels not in _MODES:
        raise ValueError(f"channels must be 1, 3 or 4, not {channels}")
    if image.mode not in _EIGHT_BITS:
        raise ValueError(f"pixels of mode {image.mode}; 8 bits per channel are needed")
    if image.has_transparency_data and channels != 4:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    way = Image.Resampling.BOX if min(image.size) > resolution else Image.Resampling.BICUBIC
    squares = ImageOps.fit(image.convert(_MODES[channels]), (resolution, resolution), way)
    return np.asarray(squares).reshape(resolution, resolution, channels)


def _from_folder(path: Path, fit: Fit) -> ImageClips:
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in PICTURE_SUFFIXES and not _is_hidden(file.relative_to(path))
    )
    if not files:
        known = ", ".join(PICTURE_SUFFIXES)
        raise ValueError(f"no pictures in '{path}' (names that end with {known})")
    with ThreadPoolExecutor() as pool:
        read = tqdm(
            pool.map(partial(_read, fit=fit), files),
            total=len(files),
            unit="image",
            desc="read",
            disable=None,
        )
        found = list(read)
    names = [file.relative_to(path).as_posix() for file in files]
    skipped = [(n, p) for n, p in zip(names, found, strict=True) if isinstance(p, str)]
    whole = [(n, p) for n, p in zip(names, found, strict=True) if not isinstance(p, str)]
    if not whole:
        raise ValueError(
            f"no picture in '{path}' can be used, the first is {': '.join(skipped[0])}"
        )
    names = [name for name, _ in whole]
    labels, classes = _classes_of(names)
    return ImageClips(np.stack([p for _, p in whole]), classes, labels, skipped, names)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _read(path: Path, fit: Fit) -> np.ndarray | str:
    """The pixels of a picture, or why there are none."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                return f"a picture of more than {MAX_PIXELS} pixels"
            return fit(image)
    except UnidentifiedImageError:
        return "not a picture that Pillow can open"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return " ".join(str(error).split())


def _classes_of(names: Sequence[str]) -> tuple[list[str], np.ndarray | None]:
    """Names of class folders, and each picture's; nothing where some lie in none."""
    folders = [name.partition("/")[0] if "/" in name else None for name in names]
    if None in folders:
        return [], None
    labels = sorted(Counter(folders))
    return labels, np.array([labels.index(folder) for folder in folders])


def _from_archive(path: Path, fit: Fit, labels_key: str | None) -> ImageClips:
    try:
        with np.load(path, allow_pickle=False) as archive:
            images = _array(archive, IMAGES, path)
            named = None if labels_key is None else _array(archive, labels_key, path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"'{path}' is no NumPy archive (.npz) of images: {error}") from None
    images = images[..., None] if images.ndim == 3 else images
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in _MODES:
        raise ValueError(
            f"the array '{IMAGES}' of '{path}' is {images.dtype} {images.shape}; uint8 (N, H, W) "
            "or (N, H, W, 1, 3 or 4) is needed"
        )
    if not len(images):
        raise ValueError(f"the array '{IMAGES}' of '{path}' holds no images")
    if images.shape[-1] == 1:
        images = images.squeeze(-1)
    pixels = [fit(Image.fromarray(image)) for image in images]
    if named is None:
        return ImageClips(np.stack(pixels))
    if named.shape != (len(images),) or named.dtype.kind not in "iuU":
        raise ValueError(
            f"the array '{labels_key}' of '{path}' is {named.dtype} {named.shape}; classes are "
            f"whole numbers or text ({len(images)},)"
        )
    names, classes = np.unique(named, return_inverse=True)
    return ImageClips(np.stack(pixels), classes, [str(name) for name in names])


def _array(archive: np.lib.npyio.NpzFile, key: str, path: Path) -> np.ndarray:
    if key not in archive:
        near = did_you_mean(key, archive.files)
        raise ValueError(f"no array '{key}'{near} in '{path}'; it has: {', '.join(archive.files)}")
    return archive[key]
