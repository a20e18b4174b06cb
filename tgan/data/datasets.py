"""Data sets of a configuration: clips to train on, and clips that training never sees."""

import dataclasses
from collections.abc import Callable

from tgan.config import DataConfig
from tgan.data.clips import ClipSource, open_clips
from tgan.data.made.digits import MovingDigits, open_digits
from tgan.data.made.shapes3d import RenderedShapes
from tgan.data.pictures.images import ImageClips, open_images
from tgan.data.pictures.rgbd import open_rgbd
from tgan.data.pictures.torchvision_sets import open_torchvision
from tgan.data.subset import of_classes
from tgan.lookup import look_up


def open_dataset(data: DataConfig) -> ClipSource:
    """Open the clips to train on.

    Raises:
        ValueError: there are none, none long enough, or none of a class that is asked for.
    """
    return _open(data, held_out=False)


def open_held_out(data: DataConfig) -> ClipSource | None:
    """Open the clips that training never sees.

    None where a data set has none of its own and the configuration names none.

    Raises:
        ValueError: as `open_dataset`.
    """
    return _open(data, held_out=True)


def _open(data: DataConfig, *, held_out: bool) -> ClipSource | None:
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
    return open_digits(resolution=data.resolution, channels=data.channels, held_out=held_out)


def _shapes3d(data: DataConfig, *, held_out: bool) -> RenderedShapes:
    return RenderedShapes(
        resolution=data.resolution,
        channels=data.channels,
        size=data.num_clips,
        held_out=held_out,
    )


def _torchvision(data: DataConfig, *, held_out: bool) -> ImageClips:
    return open_torchvision(
        data.dataset,
        root=data.path,
        download=data.download,
        resolution=data.resolution,
        channels=data.channels,
        held_out=held_out,
    )


def _from_path(open_path: Callable[[DataConfig], ClipSource]) -> Callable[..., ClipSource | None]:
    """Data whose held-out clips lie at a path of their own."""

    def open_either(data: DataConfig, *, held_out: bool) -> ClipSource | None:
        path = data.held_out_path if held_out else data.path
        return None if path is None else open_path(dataclasses.replace(data, path=path))

    return open_either


def _videos(data: DataConfig) -> ClipSource:
    return open_clips(
        data.path,
        num_frames=data.num_frames,
        resolution=data.resolution,
        stride=data.stride,
        channels=data.channels,
    )


def _images(data: DataConfig) -> ClipSource:
    return open_images(
        data.path,
        resolution=data.resolution,
        channels=data.channels,
        labels_key=data.labels_key,
        crops=data.crops,
    )


def _rgbd(data: DataConfig) -> ClipSource:
    return open_rgbd(
        data.path,
        resolution=data.resolution,
        bounds=data.depth_bounds,
        holes=data.depth_holes,
        crops=data.crops,
    )


# In the order of `tgan.config.names.DATA_SETS`.
DATASETS = {
    "moving_digits": _moving_digits,
    "videos": _from_path(_videos),
    "images": _from_path(_images),
    "rgbd": _from_path(_rgbd),
    "torchvision": _torchvision,
    "digits": _digits,
    "shapes3d": _shapes3d,
}
