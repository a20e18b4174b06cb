"""Data sets of a configuration: clips to train on, and clips that training never sees."""

import dataclasses
from collections.abc import Callable
from typing import Any

from tgan.config import DataConfig
from tgan.config.tiles import TileSet
from tgan.data.clips import ClipSource, open_clips
from tgan.data.made.digits import MovingDigits, open_digits
from tgan.data.made.shapes3d import RenderedShapes
from tgan.data.made.stacked import StackedDigits
from tgan.data.pictures.images import ImageClips, open_images
from tgan.data.pictures.rgbd import open_rgbd
from tgan.data.pictures.single import open_single
from tgan.data.pictures.torchvision_sets import open_torchvision
from tgan.data.subset import of_classes
from tgan.data.tiles.grammar import GrammarLevels
from tgan.data.tiles.text import read_levels
from tgan.data.tiles.windows import TileWindows
from tgan.lookup import look_up
from tgan.system.files import at_home
from tgan.system.folders import check_no_device

# From settings, and whether held-out clips are wanted, to clips.
Open = Callable[..., ClipSource | None]


def open_dataset(data: DataConfig) -> ClipSource:
    """Open the clips to train on.

    Raises:
        ValueError: there are none, none long enough, or none of a class that is asked for.
    """
    source = _open(data, held_out=False)
    if source is None:
        raise ValueError(f"data.path is missing: name a folder of {data.name}")
    return source


def open_held_out(data: DataConfig) -> ClipSource | None:
    """Open the clips that training never sees.

    None where a data set has none of its own and the configuration names none.

    Raises:
        ValueError: as `open_dataset`.
    """
    return _open(data, held_out=True)


def open_like(data: DataConfig, path: str) -> ClipSource:
    """Open the clips at another path, of the sizes and the kind of `data`.

    Raises:
        ValueError: there are none.
    """
    name = data.name
    if name not in ("images", "videos", "rgbd", "levels"):
        name = "images" if data.num_frames == 1 else "videos"
    return open_dataset(dataclasses.replace(data, name=name, path=path))


def _open(data: DataConfig, *, held_out: bool) -> ClipSource | None:
    path, held_out_path = (path and at_home(path) for path in (data.path, data.held_out_path))
    data = dataclasses.replace(data, path=path, held_out_path=held_out_path)
    check_no_device(data.held_out_path if held_out else data.path)
    source = look_up(DATASETS, data.name, kind="data")(data, held_out=held_out)
    return source if source is None or not data.classes else of_classes(source, data.classes)


def _moving_digits(data: DataConfig, *, held_out: bool) -> MovingDigits:
    return MovingDigits(
        num_frames=data.num_frames,
        resolution=data.resolution,
        channels=data.channels,
        num_digits=data.num_digits,
        size=data.num_clips,
        path=data.path,
        held_out=held_out,
    )


def _digits(data: DataConfig, *, held_out: bool) -> ImageClips:
    return open_digits(
        resolution=data.resolution, channels=data.channels, held_out=held_out, path=data.path
    )


def _stacked_digits(data: DataConfig, *, held_out: bool) -> StackedDigits:
    return StackedDigits(resolution=data.resolution, size=data.num_clips, held_out=held_out)


def _shapes3d(data: DataConfig, *, held_out: bool) -> RenderedShapes:
    return RenderedShapes(
        resolution=data.resolution,
        channels=data.channels,
        size=data.num_clips,
        held_out=held_out,
    )


def _torchvision(data: DataConfig, *, held_out: bool) -> ImageClips:
    return open_torchvision(
        data.dataset or "",
        root=data.path,
        download=data.download,
        resolution=data.resolution,
        channels=data.channels,
        held_out=held_out,
    )


def _from_path(open_path: Callable[[str, DataConfig], ClipSource]) -> Open:
    """Data whose held-out clips lie at a path of their own."""

    def open_either(data: DataConfig, *, held_out: bool) -> ClipSource | None:
        path = data.held_out_path if held_out else data.path
        return None if path is None else open_path(path, data)

    return open_either


def _videos(path: str, data: DataConfig) -> ClipSource:
    return open_clips(
        path,
        num_frames=data.num_frames,
        resolution=data.resolution,
        fps=data.fps,
        stride=data.stride,
        channels=data.channels,
        keep_bytes=int(data.keep_gb * 1e9),
    )


def _images(path: str, data: DataConfig) -> ClipSource:
    return open_images(
        path,
        resolution=data.resolution,
        channels=data.channels,
        labels_key=data.labels_key,
        crops=data.crops,
        bounds=data.pixel_bounds,
    )


def _picture(data: DataConfig, *, held_out: bool) -> ImageClips | None:
    if held_out or data.path is None:
        return None
    return open_single(data.path, resolution=data.resolution, channels=data.channels)


def _rgbd(path: str, data: DataConfig) -> ClipSource:
    return open_rgbd(
        path,
        resolution=data.resolution,
        bounds=data.depth_bounds,
        holes=data.depth_holes,
        crops=data.crops,
    )


def _levels(data: DataConfig, *, held_out: bool) -> ClipSource | None:
    path = data.held_out_path if held_out else data.path
    if held_out and path is None and data.path is not None:
        return None
    tiles, side = TileSet.of(data.tiles), data.resolution
    height, width = data.window or (side, side)
    sizes: dict[str, Any] = {"window": (height, width), "resolution": side}
    if path is not None:
        found = read_levels(path, tiles)
        return TileWindows(list(found.values()), tiles, names=list(found), **sizes)
    return TileWindows(GrammarLevels(data.num_clips, held_out=held_out), tiles, **sizes)


def _own(data: DataConfig, *, held_out: bool) -> ClipSource | None:
    if held_out:
        return None
    raise ValueError("data.name own: the clips came from Python; hand them over as `source`")


# In the order of `tgan.config.data_sets.DATA_SETS`.
DATASETS: dict[str, Open] = {
    "moving_digits": _moving_digits,
    "videos": _from_path(_videos),
    "images": _from_path(_images),
    "picture": _picture,
    "rgbd": _from_path(_rgbd),
    "torchvision": _torchvision,
    "digits": _digits,
    "stacked_digits": _stacked_digits,
    "shapes3d": _shapes3d,
    "levels": _levels,
    "own": _own,
}
