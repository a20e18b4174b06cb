"""Data sets of torchvision: images with classes, and a test split to hold back.

Everything is read at once and kept in memory as bytes, as of a folder of pictures.
"""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tgan.config.data_sets import TORCHVISION_SETS
from tgan.data.pictures.images import ImageClips
from tgan.data.pictures.opening import fit_image
from tgan.lookup import look_up
from tgan.system.lock import locked
from tgan.system.progress import write

# What the argument that asks for a split is called with: for training, and for testing.
_SPLITS = {"train": (True, False), "split": ("train", "test")}


def default_root() -> Path:
    """Return the folder of data sets if none is named: `tgan/torchvision` in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tgan" / "torchvision"


def open_torchvision(
    name: str,
    *,
    root: Path | str | None = None,
    download: bool = False,
    resolution: int,
    channels: int,
    held_out: bool = False,
) -> ImageClips:
    """Open the training split of a data set, with its classes.

    Args:
        name: a key of `tgan.config.data_sets.TORCHVISION_SETS`.
        root: the folder that torchvision fills or has filled; None for `default_root()`.
        download: fetch what is not there.
        resolution: H = W; images are cropped to their middle square and resized.
        channels: 1, 3, or 4 (RGB and transparency).
        held_out: the test split instead.

    Raises:
        ValueError: no such data set, or it is not there and is not, or cannot be, fetched.
    """
    argument = look_up(TORCHVISION_SETS, name, kind="data.dataset")
    split = _SPLITS[argument][held_out]
    # Late: it imports torch.
    from torchvision import datasets

    root = default_root() if root is None else Path(root)
    make = getattr(datasets, name)
    images = _open(make, name, root, download, **{argument: split})
    pixels = np.empty((len(images), resolution, resolution, channels), np.uint8)
    classes = np.empty(len(images), np.int64)
    for index in tqdm(range(len(images)), unit="image", desc=f"read {name}", disable=None):
        picture, classes[index] = images[index]
        pixels[index] = fit_image(picture, resolution=resolution, channels=channels)
    names = getattr(images, "classes", None) or range(classes.max() + 1)
    return ImageClips(pixels, classes, [_plain(str(label)) for label in names])


def _open(make: Callable[..., Any], name: str, root: Path, download: bool, **split: Any) -> Any:
    try:
        with _alone(root) if download else nullcontext():
            return make(root, download=download, **split)
    # What torchvision raises: for files that are absent or damaged, and without a network.
    except (OSError, RuntimeError, ValueError) as error:
        if not download:
            raise ValueError(
                f"{name} is not in '{root}', or not whole; data.download true fetches it, "
                "data.path names another folder"
            ) from None
        reason = " ".join(str(error).split())
        raise ValueError(f"{name} cannot be fetched to '{root}': {reason}") from None


def _alone(root: Path) -> AbstractContextManager[None]:
    """Have one process at a time fetch to a folder: the others of its run find everything there."""
    root.mkdir(parents=True, exist_ok=True)
    if not os.access(root, os.W_OK):
        return nullcontext()
    return locked(root, waits=partial(write, file=sys.stderr))


def _plain(label: str) -> str:
    """A class as it can name a folder: `0` for `0 - zero`, `T-shirt-top` for `T-shirt/top`."""
    return label.partition(" - ")[0].replace("/", "-")
