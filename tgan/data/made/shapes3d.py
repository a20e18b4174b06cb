"""Rendered shapes: boxes, cylinders and spheres on a floor, in colour and depth.

Needs no files. Not the "3D Shapes" of the disentanglement literature, which have no depth.
"""

import colorsys
from dataclasses import dataclass, field

import numpy as np
from einops import rearrange

from tgan.data.channels import LUMA
from tgan.data.made.digits import MAX_SIZE
from tgan.data.made.raycast import Camera, Scene, Shape, Solid
from tgan.data.pictures.depth import bytes_of
from tgan.rng import Stream, numpy_rng

SHAPES: list[Shape] = ["box", "cylinder", "sphere"]
CAMERA = Camera(height=1.9, pitch=0.42, field=0.75)
WALL = 6.0
# Near and far of the fourth channel, as `tgan.data.pictures.depth.depth_of` takes them, in units of
# the scene: all that the camera can see lies between.
BOUNDS = (2.0, 6.3)
# Images that are kept once they are rendered: 0.4 GB at 32x32 with four channels.
_MAX_KEPT = 100_000


@dataclass(frozen=True, eq=False)
class RenderedShapes:
    """Images (1, H, H, C), uint8, of one shape each; image i shows `SHAPES[i % 3]`.

    Image i is a pure function of (seed, held_out, i), of resolution and channels. Place, size,
    turn, colours and light are drawn at random; the camera stands still.

    Args:
        resolution: H.
        channels: 1 (grey), 3 (colour) or 4 (colour and depth).
        size: number of images, at most `tgan.data.made.digits.MAX_SIZE`.
        held_out: draw other images.

    Raises:
        ValueError: a setting out of range.

    Example:
        >>> shapes = RenderedShapes(resolution=64, channels=3)
        >>> shapes.labels[shapes.label(4)], shapes.clip(4).shape
        ('cylinder', (1, 64, 64, 3))
    """

    resolution: int = 32
    channels: int = 4
    size: int = 10_000
    seed: int = 0
    held_out: bool = False
    labels: list[str] = field(default_factory=lambda: list(SHAPES), init=False)
    skipped: list[tuple[str, str]] = field(default_factory=list, init=False)
    num_frames: int = field(default=1, init=False)
    num_too_short: int = field(default=0, init=False)
    _kept: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.resolution < 1:
            raise ValueError(f"shapes3d: resolution {self.resolution} is below 1")
        if not 1 <= self.size <= MAX_SIZE:
            raise ValueError(f"shapes3d: size {self.size} is not in 1 to {MAX_SIZE}")
        if self.channels not in (1, 3, 4):
            raise ValueError(f"shapes3d: channels {self.channels}; choose from 1, 3, 4")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(1, H, W, C) of every clip."""
        return 1, self.resolution, self.resolution, self.channels

    def __len__(self) -> int:
        return self.size

    def num_starts(self, index: int) -> int:
        """Return 1: an image has one frame to start at."""
        return 1

    def label(self, index: int) -> int:
        """Return the shape of an image, a position in `labels`."""
        return index % len(SHAPES)

    def clip(self, index: int, start: int = 0) -> np.ndarray:
        """Render image `index` as a clip (1, H, W, C), uint8, once; it is kept then."""
        if index not in self._kept:
            image = self._render(index)
            if len(self._kept) >= _MAX_KEPT:
                return image
            self._kept[index] = image
        return self._kept[index]

    def _render(self, index: int) -> np.ndarray:
        rng = numpy_rng(Stream.SHAPES, self.seed, int(self.held_out), index)
        scene = random_scene(rng, SHAPES[self.label(index)])
        colour, depth = (_quarters(part) for part in scene.render(CAMERA, 2 * self.resolution))
        colour = colour.mean(0)
        if self.channels == 1:
            colour = (colour @ np.array(LUMA))[..., None]
        image = np.rint(colour * 255).astype(np.uint8)
        if self.channels == 4:
            # Of the four rays of a pixel the second nearest: a mean would be a depth between
            # solid and wall, where nothing is.
            levels = bytes_of(np.sort(depth, axis=0)[1], BOUNDS)
            image = np.concatenate([image, levels[..., None]], axis=-1)
        return image[None]

    def __getstate__(self) -> dict:
        return {**vars(self), "_kept": {}}


def random_scene(rng: np.random.Generator, shape: Shape) -> Scene:
    """Draw a shape of random size, turn, place and colours, standing or lying on the floor."""
    half, axes = _SIZES[shape](rng)
    # Half the height of the turned solid, which the floor has to carry.
    lies = shape == "cylinder" and abs(axes[1, 1]) < 0.5
    height = half[0] if lies else half[1]
    centre = np.array([rng.uniform(-0.7, 0.7), height, rng.uniform(3.2, 4.3)])
    elevation, azimuth = rng.uniform(0.5, 1.1), rng.uniform(-1.2, 1.2)
    flat = np.cos(elevation)
    light = np.array([flat * np.sin(azimuth), np.sin(elevation), -flat * np.cos(azimuth)])
    colours = [
        colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.6, 1), rng.uniform(0.75, 1)),
        colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.25), rng.uniform(0.5, 0.9)),
        colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.25), rng.uniform(0.5, 0.9)),
    ]
    solid = Solid(shape, centre, half, axes)
    return Scene(solid, wall=WALL, colours=np.array(colours), light=light, ambient=0.3)


def _box(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.uniform(0.4, 0.75, 3), _turned(rng)


def _cylinder(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    radius, half_length = rng.uniform(0.35, 0.6), rng.uniform(0.55, 0.85)
    x, y, z = _turned(rng)
    # One in three lies on its side: its own y axis is level then.
    axes = np.stack([y, x, z] if rng.random() < 1 / 3 else [x, y, z])
    return np.array([radius, half_length, radius]), axes


def _sphere(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return np.full(3, rng.uniform(0.45, 0.8)), np.eye(3)


def _turned(rng: np.random.Generator) -> np.ndarray:
    """Axes (3, 3) at a random angle around the vertical."""
    cos, sin = np.cos(angle := rng.uniform(0, 2 * np.pi)), np.sin(angle)
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


_SIZES = {"box": _box, "cylinder": _cylinder, "sphere": _sphere}


def _quarters(pixels: np.ndarray) -> np.ndarray:
    """(2 H, 2 W, ...) to the four values of each pixel (4, H, W, ...)."""
    return rearrange(pixels, "(h a) (w b) ... -> (a b) h w ...", a=2, b=2)
