"""Pictures with depth, as images of four channels.

Everything is read at once and kept in memory.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from tgan.data.account import IGNORED, SKIPPED, TAKEN, Account, Ledger
from tgan.data.clips import ClipSource
from tgan.data.files import entries, is_picture
from tgan.data.pictures.crops import Box, CroppedPictures, middle_box
from tgan.data.pictures.depth import (
    bytes_of,
    check_bounds,
    crop_depth,
    fill_holes,
    measured_within,
    raw_depth,
)
from tgan.data.pictures.images import IMAGES, ImageClips, classes_of, read_arrays
from tgan.data.pictures.opening import open_picture, square, with_channels
from tgan.data.pictures.orientation import Stored, upright_pair
from tgan.system.threads import map_in_threads

COLOUR_FOLDERS = ("color", "colour", "rgb")
DEPTH = "depth"
# Modes of Pillow for one channel of 16 bits or more, and of floats.
_DEPTH_MODES = ("I;16", "I;16B", "I;16L", "I", "F")


@dataclass(frozen=True, eq=False)
class Pair:
    """A colour picture (RGB), and its depth (H, W) as of `tgan.data.pictures.depth`.

    Raises:
        ValueError: their sizes differ, or nothing was measured.
    """

    colour: Image.Image
    depth: np.ndarray

    def __post_init__(self) -> None:
        height, width = self.depth.shape
        if self.size != (width, height):
            sides = "x".join(map(str, self.size))
            raise ValueError(f"colour is {sides} and depth {width}x{height} pixels")
        if np.isnan(self.depth).all():
            raise ValueError("depth has no measured pixel")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.colour.size


def open_rgbd(
    path: Path | str,
    *,
    resolution: int,
    bounds: Sequence[float] | None,
    holes: str = "keep",
    crops: int = 0,
) -> ClipSource:
    """Open the pairs of a folder, or of a `.npz` file, as images of four channels.

    Of a folder, searched to any depth, pairs are the pictures of equal stem in two folders side
    by side, `color` (or `colour`, `rgb`) and `depth`; where each pair lies in a folder below
    `path`, these name the classes. An archive has arrays `images`, uint8 (N, H, W, 3), and
    `depth` (N, H, W), unsigned or float.

    Args:
        resolution: H = W.
        bounds: near and far, see `tgan.data.pictures.depth.bytes_of`.
        holes: `keep`, or `fill` with the nearest measured pixel of the whole picture.
        crops: squares per pair, see `tgan.data.pictures.crops`; 0 takes the middle square.

    Raises:
        ValueError: nothing there, no bounds (the message names the range of the data), no pair
            that can be used, or none with a measurement within the bounds.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"no such file or folder: '{path}'")
    bounds = None if bounds is None else check_bounds(bounds)
    found = _from_archive(path) if path.is_file() else _from_folder(path)
    skipped = {name: pair for name, pair in found.items() if isinstance(pair, str)}
    pairs = {name: pair for name, pair in found.items() if isinstance(pair, Pair)}
    _check_usable(path, pairs, skipped)
    if bounds is None:
        low, high = _range([*pairs.values()])
        raise ValueError(
            f"data.depth_bounds is missing: depth in '{path}' is measured from {low:g} to "
            f"{high:g}; name near and far, such as data.depth_bounds: [{low:g}, {high:g}]"
        )
    for name in [n for n, pair in pairs.items() if not measured_within(pair.depth, bounds)]:
        low, high = _range([pairs.pop(name)])
        skipped[name] = f"no depth within data.depth_bounds {list(bounds)}: {low:g} to {high:g}"
    _check_usable(path, pairs, skipped)
    if holes == "fill":
        pairs = {name: Pair(p.colour, fill_holes(p.depth)) for name, p in pairs.items()}
    labels, classes = classes_of(list(pairs))
    cut = partial(cut_pair, bounds=bounds)
    account, notes = (Account(), []) if path.is_file() else _account_of(path, pairs)
    named = {"classes": classes, "labels": labels, "skipped": sorted(skipped.items())}
    named |= {"account": account, "notes": notes}
    if crops:
        return CroppedPictures([*pairs.values()], cut, resolution, 4, crops, **named)
    pixels = [cut(pair, middle_box(pair.size), resolution) for pair in pairs.values()]
    return ImageClips(np.stack(pixels), **named)


def cut_pair(pair: Pair, box: Box, resolution: int, *, bounds: tuple[float, float]) -> np.ndarray:
    """Cut a square of a pair, colour averaged, depth not: (resolution, resolution, 4)."""
    levels = bytes_of(crop_depth(pair.depth, box, resolution), bounds)
    return np.concatenate([square(pair.colour, box, resolution), levels[..., None]], axis=-1)


def _range(pairs: Sequence[Pair]) -> tuple[float, float]:
    """The least and the greatest depth that was measured."""
    lows = [np.nanmin(pair.depth) for pair in pairs]
    return float(min(lows)), float(max(np.nanmax(pair.depth) for pair in pairs))


def _check_usable(path: Path, pairs: dict[str, Pair], skipped: dict[str, str]) -> None:
    if not pairs:
        name, reason = min(skipped.items())
        raise ValueError(f"no pair in '{path}' can be used, the first is {name}: {reason}")


def _from_folder(path: Path) -> dict[str, Pair | str]:
    """The pairs of a folder, or why there is none, under `folder/stem`."""
    files = dict(_find(path))
    if not files:
        raise ValueError(
            f"no pictures with depth in '{path}': a folder {', '.join(COLOUR_FOLDERS)} beside a "
            f"folder {DEPTH} is needed, with pictures of equal names"
        )
    read = map_in_threads(_read_pair, list(files.values()))
    bar = tqdm(read, total=len(files), unit="pair", desc="read", disable=None)
    return dict(zip(files, bar, strict=True))


def _account_of(path: Path, taken: Collection[str]) -> tuple[Account, list[tuple[str, str]]]:
    """What became of every file of a folder, and what is broken there."""
    ledger = Ledger()
    fates = {
        file: TAKEN if name in taken else SKIPPED
        for name, files in _find(path)
        for file in chain(*files)
    }
    for entry in entries(path):
        if ledger.usable(entry) and entry.path not in fates:
            ledger.enter(entry.path, IGNORED)
    return ledger.account(fates), ledger.reasons


def _find(path: Path) -> Iterator[tuple[str, tuple[list[Path], list[Path]]]]:
    """Names of pairs, and their files of colour and depth, one of each if all is well."""
    folders = {entry.path.parent for entry in entries(path) if not entry.is_hidden} - {path}
    known = (DEPTH, *COLOUR_FOLDERS)
    beside = {folder.parent for folder in folders if folder.name.lower() in known}
    for folder in sorted(each for parent in beside for each in _colour_folders(parent)):
        depth_folder = folder.with_name(DEPTH)
        colours, depths = _pictures(folder), _pictures(depth_folder)
        for stem in sorted(colours.keys() | depths.keys()):
            name = (folder.parent.relative_to(path) / stem).as_posix()
            yield name, (colours.get(stem, []), depths.get(stem, []))


def _colour_folders(parent: Path) -> list[Path]:
    return [each for each in parent.iterdir() if each.name.lower() in COLOUR_FOLDERS]


def _pictures(folder: Path) -> dict[str, list[Path]]:
    """Pictures of a folder by their stems; none where there is no folder."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    found: dict[str, list[Path]] = {}
    for file in files:
        if is_picture(file) and not file.name.startswith("."):
            found.setdefault(file.stem, []).append(file)
    return found


def _read_pair(files: tuple[list[Path], list[Path]]) -> Pair | str:
    for kind, found in zip(("colour", "depth"), files, strict=True):
        if not found:
            return f"no {kind} picture of this name"
        if len(found) > 1:
            return f"{len(found)} {kind} pictures of this name"
    (colour,), (depth,) = files
    pixels = open_picture(colour, lambda image: Stored.of(image, with_channels(image, 3)))
    if isinstance(pixels, str):
        return f"colour: {pixels}"
    values = open_picture(depth, _depth_picture)
    if isinstance(values, str):
        return f"depth: {values}"
    try:
        pixels, values = upright_pair(pixels, values)
    except ValueError as error:
        return str(error)
    return _pair_of(pixels, raw_depth(np.asarray(values)))


def _depth_picture(image: Image.Image) -> Stored:
    if image.mode not in _DEPTH_MODES:
        raise ValueError(
            f"pixels of mode {image.mode}; one channel of 16 bits, or of floats, is needed"
        )
    return Stored.of(image, image)


def _from_archive(path: Path) -> dict[str, Pair | str]:
    """The pairs of an archive, or why one cannot be used, under their numbers."""
    images, depth = read_arrays(path, (IMAGES, DEPTH))
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3 or not len(images):
        raise ValueError(
            f"the array '{IMAGES}' of '{path}' is {images.dtype} {images.shape}; uint8 "
            "(N, H, W, 3) is needed"
        )
    if depth.dtype not in (np.uint16, np.uint32, np.float16, np.float32, np.float64) or (
        depth.shape != images.shape[:3]
    ):
        raise ValueError(
            f"the array '{DEPTH}' of '{path}' is {depth.dtype} {depth.shape}; uint16 or float "
            f"{images.shape[:3]} is needed"
        )
    return {
        str(number): _pair_of(Image.fromarray(image), raw_depth(values))
        for number, (image, values) in enumerate(zip(images, depth, strict=True))
    }


def _pair_of(colour: Image.Image, depth: np.ndarray) -> Pair | str:
    try:
        return Pair(colour, depth)
    except ValueError as error:
        return str(error)
