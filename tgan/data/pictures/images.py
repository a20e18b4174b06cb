"""Images as clips of one frame: folders of pictures, and NumPy archives.

Everything is read at once and kept in memory as bytes; larger sets are for `tgan prepare`.
"""

import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from tgan._moved import moved_names
from tgan.data.account import DUPLICATE, IGNORED, SKIPPED, TAKEN, Account, Ledger
from tgan.data.class_folders import class_folders, doubtful, note_on_splits
from tgan.data.files import PICTURE_SUFFIXES, Entry, entries, is_picture
from tgan.data.pictures.crops import CroppedPictures
from tgan.data.pictures.levels import check_pixel_bounds
from tgan.data.pictures.opening import (
    MODES,
    convert,
    fit_image,
    open_picture,
    single,
    square,
)
from tgan.system.archives import read_array
from tgan.system.threads import map_in_threads

IMAGES = "images"
__getattr__ = moved_names(__name__, {"open_digits": "tgan.data.made.digits"})


@dataclass(frozen=True, eq=False)
class ImageClips:
    """Images as a source of clips (`tgan.data.clips.ClipSource`) of one frame.

    Args:
        pixels: (N, H, W, C), uint8.
        classes: (N,) positions in `labels`, or None.
        labels: names of the classes.
        skipped: `(name, reason)` of pictures that cannot be used.
        names: N names of files; empty for images that have none.
        account: what became of every file of a folder.
        notes: `(name, text)` of duplicates and broken links.

    Raises:
        ValueError: there are no images.

    Example:
        >>> images = ImageClips(np.zeros((9, 32, 32, 3), np.uint8))
        >>> images.clip(4).shape
        (1, 32, 32, 3)
    """

    pixels: np.ndarray
    classes: np.ndarray | None = None
    labels: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    notes: list[tuple[str, str]] = field(default_factory=list)
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
        """Return 1: an image has one frame to start at."""
        return 1

    def label(self, index: int) -> int | None:
        """Return the class of an image, a position in `labels`."""
        return None if self.classes is None else int(self.classes[index])

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Return image `index` as a clip (1, H, W, C), uint8."""
        return self.pixels[index][None]


Source = ImageClips | CroppedPictures[Image.Image]
# What is kept of a picture, and a source made of that.
Fit = Callable[[Image.Image], np.ndarray | Image.Image]
Collect = Callable[..., Source]


def open_images(
    path: Path | str,
    *,
    resolution: int,
    channels: int,
    labels_key: str | None = None,
    crops: int = 0,
    bounds: Sequence[float] | None = None,
) -> Source:
    """Open the images of a folder, or of a `.npz` file.

    Of a folder, searched to any depth, all pictures are taken; where each lies in a folder below
    `path`, these name the classes. An archive has an array `images`, uint8 (N, H, W) or
    (N, H, W, C). Pictures of any size are cropped to their middle square and resized; colour
    becomes luma for one channel, and transparency is laid on black but for four.

    Args:
        resolution: H = W.
        channels: 1, 3, or 4 (RGB and transparency).
        labels_key: the array of an archive that names classes: whole numbers or text (N,).
        crops: squares per picture, which is kept whole then, see `tgan.data.pictures.crops`; 0
            takes the middle square.
        bounds: what becomes black and white in pictures of more than 8 bits; None for the range
            of 16 bits, see `tgan.data.pictures.levels.eight_bits`.

    Raises:
        ValueError: nothing there, no picture that can be read, or an array that does not fit.

    Example:
        >>> open_images("pictures", resolution=64, channels=3).labels
        ['cat', 'dog']
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"no such file or folder: '{path}'")
    bounds = None if bounds is None else check_pixel_bounds(bounds)
    fit = partial(fit_image, resolution=resolution, channels=channels, bounds=bounds)
    collect = _stacked
    if crops:
        fit = partial(convert, channels=channels, bounds=bounds)
        collect = partial(
            CroppedPictures, cut=square, resolution=resolution, channels=channels, crops=crops
        )
    if path.is_file():
        return _from_archive(path, fit, collect, labels_key)
    if labels_key is not None:
        raise ValueError(f"data.labels_key '{labels_key}' is for a .npz file; '{path}' is a folder")
    return _from_folder(path, fit, collect)


def _stacked(pictures: Sequence[np.ndarray], **about) -> ImageClips:
    return ImageClips(np.stack(pictures), **about)


def _from_folder(path: Path, fit: Fit, collect: Collect) -> Source:
    ledger = Ledger()
    files = [entry for entry in entries(path) if ledger.usable(entry) and _is_taken(entry, ledger)]
    if not files:
        known = ", ".join(PICTURE_SUFFIXES)
        raise ValueError(
            f"no pictures in '{path}' (names that end with {known}); {ledger.account()}"
        )
    paths = [entry.path for entry in files]
    read = map_in_threads(partial(open_picture, use=lambda image: fit(single(image))), paths)
    found = list(tqdm(read, total=len(files), unit="image", desc="read", disable=None))
    skipped = [(e.relative, p) for e, p in zip(files, found, strict=True) if isinstance(p, str)]
    whole = [(e, p) for e, p in zip(files, found, strict=True) if not isinstance(p, str)]
    if not whole:
        raise ValueError(
            f"no picture in '{path}' can be used, the first is {': '.join(skipped[0])}"
        )
    labels, classes = classes_of([entry.relative for entry, _ in whole])
    kept = _first_of_each([entry for entry, _ in whole], classes, ledger)
    note = note_on_splits([entry.relative for entry in files])
    notes = [(path.name, note)] if note else []
    fates = dict.fromkeys(paths, SKIPPED) | {whole[k][0].path: TAKEN for k in kept}
    return collect(
        [whole[k][1] for k in kept],
        labels=labels,
        classes=None if classes is None else classes[kept],
        skipped=skipped,
        names=[whole[k][0].relative for k in kept],
        account=ledger.account(fates),
        notes=[*notes, *doubtful(labels), *ledger.reasons],
    )


def _is_taken(entry: Entry, ledger: Ledger) -> bool:
    """Whether a file is a picture; others are ignored."""
    if is_picture(entry.path) or _is_gif(entry.path):
        return True
    ledger.enter(entry.path, IGNORED)
    return False


def _first_of_each(files: Sequence[Entry], classes: np.ndarray | None, ledger: Ledger) -> list[int]:
    """Places of the first of the files that are one picture, by links, once for each class."""
    first: dict[tuple[str, int], int] = {}
    for place, entry in enumerate(files):
        known_by = (os.path.realpath(entry.path), 0 if classes is None else int(classes[place]))
        if first.setdefault(known_by, place) != place:
            ledger.enter(entry.path, DUPLICATE)
            twin = files[first[known_by]].name
            ledger.reasons.append((entry.name, f"is {twin}, by a link"))
    return list(first.values())


def _is_gif(path: Path) -> bool:
    """Tell by its suffix whether a file is a GIF, which may move, and else counts as a video."""
    return path.suffix.lower() == ".gif"


def classes_of(names: Sequence[str]) -> tuple[list[str], np.ndarray | None]:
    """Name the class folders, and number each picture's; nothing where some lie in none.

    See `tgan.data.class_folders.class_folders`.
    """
    folders = class_folders(names)
    if None in folders:
        return [], None
    labels, classes = np.unique(np.array(folders, object), return_inverse=True)
    return list(labels), classes


def _from_archive(path: Path, fit: Fit, collect: Collect, labels_key: str | None) -> Source:
    keys = (IMAGES,) if labels_key is None else (IMAGES, labels_key)
    images, *named = read_arrays(path, keys)
    images = images[..., None] if images.ndim == 3 else images
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in MODES:
        raise ValueError(
            f"the array '{IMAGES}' of '{path}' is {images.dtype} {images.shape}; uint8 (N, H, W) "
            "or (N, H, W, 1, 3 or 4) is needed"
        )
    if not len(images):
        raise ValueError(f"the array '{IMAGES}' of '{path}' holds no images")
    if images.shape[-1] == 1:
        images = images.squeeze(-1)
    pictures = [fit(Image.fromarray(image)) for image in images]
    if not named:
        return collect(pictures)
    (named,) = named
    if named.shape != (len(images),) or named.dtype.kind not in "iuU":
        raise ValueError(
            f"the array '{labels_key}' of '{path}' is {named.dtype} {named.shape}; classes are "
            f"whole numbers or text ({len(images)},)"
        )
    names, classes = np.unique(named, return_inverse=True)
    return collect(pictures, classes=classes, labels=[str(name) for name in names])


def read_arrays(path: Path, keys: Sequence[str]) -> list[np.ndarray]:
    """Read arrays of a `.npz` file.

    Raises:
        ValueError: it is none, or has no such array.
    """
    # A name that was mistyped may name a picture.
    if path.is_file() and not zipfile.is_zipfile(path):
        raise ValueError(f"'{path}' is no .npz file; a folder of pictures or a .npz file is needed")
    try:
        return [read_array(path, key) for key in keys]
    except (OSError, ValueError) as error:
        raise ValueError(f"'{path}' is no NumPy archive (.npz) of images: {error}") from None
