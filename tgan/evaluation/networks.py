"""Feature networks that need no weights, and a check of any network before it is used."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tgan.data.pixels import to_bytes
from tgan.features import FEATURES, FeatureNetwork, load_features
from tgan.metrics.block_motion import BLOCK, MOTION_SIZE, REACH, STRIDE, motion_features
from tgan.metrics.colour import DARK, object_colours
from tgan.metrics.pooled import pooled_features, pooled_size
from tgan.metrics.speckle import speckle
from tgan.metrics.tiles import tile_features, tile_size
from tgan.system.device import where_float64_is

# A network of one metric alone, which has a name of its own.
COLOUR = "color"
# The network of levels.
TILES = "tiles"


class Pooled:
    """Brightness, contrast and motion on a grid: see `tgan.metrics.pooled`.

    Args:
        num_frames: of the clips; images have a network of their own.
        size: numbers in a vector.

    Raises:
        ValueError: clips of so many frames have another size.
    """

    per_frame = False

    def __init__(self, num_frames: int, *, size: int) -> None:
        if pooled_size(num_frames) != size:
            raise ValueError(
                f"pooled{size} cannot take clips of {num_frames} frames: "
                f"their network is pooled{pooled_size(num_frames)}"
            )
        self.name, self.size = f"pooled{size}", size
        cells = "4x4" if num_frames == 1 else "4x4x4"
        motion = "" if num_frames == 1 else ", mean change between frames"
        self.protocol: dict[str, object] = {
            "name": self.name,
            "source": "tgan.metrics.pooled",
            "preprocessing": f"bytes, grey, {cells} cells: mean, deviation{motion}",
        }

    def __call__(self, video: Tensor) -> Tensor:
        return torch.from_numpy(pooled_features(to_bytes(video).cpu().numpy()))


class Pixels:
    """All pixels, scaled so that a distance is the root mean square difference in [-1, 1]."""

    name, per_frame = "pixels", False
    protocol: dict[str, object] = {
        "name": name,
        "source": "the clip itself",
        "preprocessing": "none",
    }

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, video: Tensor) -> Tensor:
        return where_float64_is(video.flatten(1)).double() / math.sqrt(self.size)


class OfBytes:
    """A function of a clip's bytes (N, T, H, W, C), uint8, that says what it is.

    Args:
        name, size, per_frame: as of any feature network.
        features: gives an array (N, size), or (N, T, size) of each frame.
        preprocessing: what it does, in words.
    """

    def __init__(
        self,
        name: str,
        size: int,
        features: Callable[[np.ndarray], np.ndarray],
        preprocessing: str,
        *,
        per_frame: bool = False,
    ) -> None:
        self.name, self.size, self.per_frame, self._features = name, size, per_frame, features
        self.protocol: dict[str, object] = {
            "name": name,
            "source": features.__module__,
            "preprocessing": f"bytes, {preprocessing}",
        }

    def __call__(self, video: Tensor) -> Tensor:
        return torch.from_numpy(self._features(to_bytes(video).cpu().numpy()))


def _object_colour(shape: tuple[int, ...]) -> OfBytes:
    words = f"mean of the pixels with a channel above {DARK}, in levels"
    return OfBytes(COLOUR, shape[-1], object_colours, words, per_frame=True)


def _speckle(shape: tuple[int, ...]) -> OfBytes:
    words = "mean variance within 2x2 pixels, in squared levels"
    return OfBytes("speckle", shape[-1], speckle, words)


def _motion(shape: tuple[int, ...]) -> OfBytes:
    words = f"grey, blocks of {BLOCK}x{BLOCK} every {STRIDE} pixels, up to {REACH} pixels away"
    return OfBytes("motion", MOTION_SIZE, motion_features, words)


def _tiles(shape: tuple[int, ...]) -> OfBytes:
    words = "the strongest plane of every place, shares of tiles in 4x4 cells"
    return OfBytes(TILES, tile_size(shape[-1]), tile_features, words)


# Each takes the shape (T, H, W, C) of the clips.
PLAIN: dict[str, Callable[[tuple[int, ...]], FeatureNetwork]] = {
    "pooled192": lambda shape: Pooled(shape[0], size=192),
    "pooled32": lambda shape: Pooled(shape[0], size=32),
    "pixels": lambda shape: Pixels(math.prod(shape)),
    "speckle": _speckle,
    "motion": _motion,
    TILES: _tiles,
    COLOUR: _object_colour,
}
# Networks to which it does not matter what channels mean, and those for tiles alone.
_ANY_CHANNELS = ("pixels",)


def check_meaning(names: Iterable[str], *, are_pictures: bool) -> None:
    """Refuse networks of colours for levels, whose channels are tiles, and the reverse.

    Raises:
        ValueError: there is one.
    """
    for name in names:
        if are_pictures and name == TILES:
            raise ValueError(f"network '{name}' is for levels (data.name levels), not for pictures")
        if not are_pictures and name in {*PLAIN, *FEATURES} - {TILES, *_ANY_CHANNELS}:
            choices = ", ".join((TILES, *_ANY_CHANNELS))
            raise ValueError(
                f"network '{name}' looks at colours, and levels have none; choose from {choices}"
            )


def load_networks(
    names: Iterable[str],
    shape: tuple[int, ...],
    *,
    paths: Mapping[str, str | Path | FeatureNetwork] | None = None,
    device: str = "cpu",
) -> dict[str, FeatureNetwork]:
    """Networks by name: those above, for clips of `shape` (T, H, W, C), and `tgan.features`.

    Args:
        paths: files of weights by network, or a user's own networks.

    Raises:
        ValueError: a path or a network under a name that is not among `names` or takes none, or as
            `tgan.features.load_features`.
    """
    names, paths = list(dict.fromkeys(names)), dict(paths or {})
    for name in paths:
        if name not in names or name in PLAIN:
            takers = ", ".join(n for n in names if n not in PLAIN) or "none"
            raise ValueError(
                f"a path or an object for network '{name}', which no metric asks for that takes "
                f"one; those that do: {takers}"
            )
    return {name: _load(name, shape, paths.get(name), device) for name in names}


def _load(
    name: str, shape: tuple[int, ...], given: str | Path | FeatureNetwork | None, device: str
) -> FeatureNetwork:
    if name in PLAIN:
        return PLAIN[name](shape)
    if given is None or isinstance(given, str | Path):
        return load_features(name, given, device=device)
    return given


def network_names() -> list[str]:
    """All networks that a metric's name may end with."""
    return sorted({*FEATURES, *PLAIN} - {COLOUR})


@torch.no_grad()
def check_network(network: Any, video: Tensor) -> None:
    """Run a network on some videos (N, C, T, H, W) and compare with what it promises.

    Raises:
        ValueError: it lacks an attribute, fails, gives another shape or type than promised, or has
            a protocol that JSON cannot hold.
    """
    for attribute in ("name", "size", "per_frame", "protocol"):
        if not hasattr(network, attribute):
            raise ValueError(f"feature network {type(network).__name__} has no '{attribute}'")
    try:
        json.dumps(dict(network.protocol))
    except (TypeError, ValueError) as error:
        raise ValueError(f"feature network '{network.name}': its protocol: {error}") from None
    frames = (video.shape[2],) if network.per_frame else ()
    _check_output(network, network, video, (len(video), *frames, network.size))
    if hasattr(network, "probabilities"):
        classes = (len(video), *frames, len(network.labels))
        rows = _check_output(network, network.probabilities, video, classes).sum(-1)
        if (rows - 1).abs().max() > 1e-3:
            raise ValueError(f"feature network '{network.name}': probabilities do not sum to 1")


def _check_output(
    network: FeatureNetwork, call: Callable[[Tensor], Tensor], video: Tensor, shape: tuple[int, ...]
) -> Tensor:
    given = f"feature network '{network.name}' on clips {tuple(video.shape)}"
    try:
        output = call(video)
    except (RuntimeError, TypeError, IndexError) as error:
        raise ValueError(f"{given} fails: {str(error).strip().splitlines()[-1]}") from None
    if not (torch.is_tensor(output) and output.is_floating_point()):
        raise ValueError(f"{given} gives {type(output).__name__}, not a tensor of floats")
    if tuple(output.shape) != shape:
        raise ValueError(f"{given} gives shape {tuple(output.shape)}, not {shape}")
    return output
