"""Ray casting in NumPy: a solid on a floor before a wall, by a pinhole camera.

World axes: x right, y up, z away from the camera; the floor is y = 0. Vectors are rows (..., 3).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

Shape = Literal["box", "cylinder", "sphere"]
# Shadow rays start so far above a surface, or they would hit the surface itself.
_LIFT = 1e-4
_TINY = 1e-12


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along z, `pitch` radians downwards.

    Args:
        height: of the pinhole above the floor.
        field: the angle between the left and the right edge of the picture, in radians.

    Example:
        >>> Camera(height=1.9, pitch=0.42, field=0.75).rays(32).shape
        (1024, 3)
    """

    height: float
    pitch: float
    field: float

    def rays(self, side: int) -> np.ndarray:
        """Compute the directions through the centres of side x side pixels: (side * side, 3).

        Their component along the optical axis is 1, so that the length of a ray in multiples of
        its direction is depth as a range camera gives it.
        """
        return _rays(self, side)

    @property
    def origin(self) -> np.ndarray:
        """Where the pinhole is: (3,)."""
        return np.array([0.0, self.height, 0.0])


@lru_cache(maxsize=4)
def _rays(camera: Camera, side: int) -> np.ndarray:
    steps = ((np.arange(side) + 0.5) * 2 / side - 1) * np.tan(camera.field / 2)
    right, down = np.meshgrid(steps, steps)
    cos, sin = np.cos(camera.pitch), np.sin(camera.pitch)
    return np.stack([right, -sin - down * cos, cos - down * sin], -1).reshape(-1, 3)


@dataclass(frozen=True)
class Solid:
    """A box, an elliptic cylinder around its own y axis, or an ellipsoid.

    Args:
        centre: (3,).
        half: (3,) half the extents along its own axes; a sphere's are equal.
        axes: (3, 3), orthonormal, its own axes as rows.
    """

    shape: Shape
    centre: np.ndarray
    half: np.ndarray
    axes: np.ndarray

    def meet(self, origins: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """Find where rays enter, as multiples of `rays` (N,); inf for those that miss.

        The solid is scaled to the unit cube, cylinder or ball. A convex body is entered where
        the last of the surfaces that bound it is.

        Args:
            origins: (3,) or (N, 3), outside.
            rays: (N, 3), of any length.
        """
        start, way = self._own(origins - self.centre), self._own(rays)
        enter, leave = -np.inf, np.inf
        for columns in _SURFACES[self.shape]:
            into, out = _within_one(start[..., columns], way[:, columns])
            enter, leave = np.maximum(enter, into), np.minimum(leave, out)
        return np.where((enter <= leave) & (enter > 0), enter, np.inf)

    def normals(self, points: np.ndarray) -> np.ndarray:
        """Compute outer normals (N, 3) of length 1 at points (N, 3) of the surface."""
        own = self._own(points - self.centre)
        surfaces = _SURFACES[self.shape]
        # A point is on the surface from whose middle it is farthest.
        reach = [(own[:, columns] ** 2).sum(-1) for columns in surfaces]
        is_on = np.zeros((len(surfaces), 3))
        for surface, columns in zip(is_on, surfaces, strict=True):
            surface[columns] = 1
        normal = own * is_on[np.argmax(reach, axis=0)] / self.half
        return normal / np.linalg.norm(normal, axis=-1, keepdims=True) @ self.axes

    def _own(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors of the world along the solid's axes, in halves of its extents."""
        return vectors @ (self.axes / self.half[:, None]).T.astype(vectors.dtype)


# Which of the solid's own coordinates each surface bounds: their squares add up to 1 at most.
_SURFACES: dict[str, list[list[int]]] = {
    "box": [[0], [1], [2]],
    "cylinder": [[0, 2], [1]],
    "sphere": [[0, 1, 2]],
}


def _within_one(start: np.ndarray, way: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where start + t way comes within 1 of the origin and where it leaves: t (N,) and (N,)."""
    square = np.maximum(np.einsum("...i,...i", way, way), _TINY)
    middle = -np.einsum("...i,...i", start, way) / square
    rest = middle**2 - (np.einsum("...i,...i", start, start) - 1) / square
    half = np.sqrt(np.where(rest < 0, np.nan, rest))
    return np.where(rest < 0, np.inf, middle - half), np.where(rest < 0, -np.inf, middle + half)


@dataclass(frozen=True)
class Scene:
    """A solid on the floor before a wall, under one distant light.

    Args:
        wall: z of the wall.
        colours: (3, 3) of solid, floor and wall, 0 to 1.
        light: (3,) towards the light, of length 1.
        ambient: share of light that comes from everywhere.
    """

    solid: Solid
    wall: float
    colours: np.ndarray
    light: np.ndarray
    ambient: float

    def render(self, camera: Camera, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Render colours (side, side, 3), 0 to 1, and depth along the optical axis (side, side).

        Lambert's law with a cast shadow.
        """
        rays = camera.rays(side)
        floor = camera.height / np.maximum(-rays[:, 1], _TINY)
        depths = np.stack([self.solid.meet(camera.origin, rays), floor, self.wall / rays[:, 2]])
        hit, depth = depths.argmin(0), depths.min(0)
        places = camera.origin + depth[:, None] * rays
        shaded = np.empty(len(rays))
        on, off = np.flatnonzero(hit == 0), np.flatnonzero(hit)
        shaded[on] = (self.solid.normals(places[on]) @ self.light).clip(0)
        normals = _FLAT[hit[off] - 1]
        rises = np.broadcast_to(self.light, normals.shape)
        is_lit = np.isinf(self.solid.meet(places[off] + _LIFT * normals, rises))
        shaded[off] = (normals @ self.light).clip(0) * is_lit
        light = self.ambient + (1 - self.ambient) * shaded
        colours = self.colours[hit] * light[:, None]
        return colours.reshape(side, side, 3), depth.reshape(side, side)


# Normals of floor and wall.
_FLAT = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0]])
