"""Depth as the fourth channel of an image: bytes, and back to the units of the file.

Raw depth is float32 (..., H, W) with NaN where nothing was measured (a hole).
"""

from collections.abc import Sequence

import numpy as np

# Byte 0, which is -1 in the networks, says "not measured"; depth itself takes bytes 1 to 255.
HOLE, NEAREST, FARTHEST = 0, 1, 255


def raw_depth(values: np.ndarray) -> np.ndarray:
    """Convert depth as files have it to float32, with NaN for what is not positive and finite.

    Args:
        values: (...), whole numbers or floats; 0 mostly marks a hole.
    """
    depth = values.astype(np.float32)
    return np.where((depth > 0) & np.isfinite(depth), depth, np.float32(np.nan))


def bytes_of(depth: np.ndarray, bounds: Sequence[float]) -> np.ndarray:
    """Convert raw depth (...) to bytes: 1 to 255 in equal steps from near to far, 0 for holes.

    What lies outside is clamped to the nearer of the two.

    Args:
        bounds: near and far, in the units of `depth`.

    Raises:
        ValueError: as `check_bounds`.
    """
    near, far = check_bounds(bounds)
    share = (np.nan_to_num(depth, nan=near).clip(near, far) - near) / (far - near)
    levels = np.rint(NEAREST + share * (FARTHEST - NEAREST)).astype(np.uint8)
    return np.where(np.isnan(depth), np.uint8(HOLE), levels)


def depth_of(levels: np.ndarray, bounds: Sequence[float], *, holes_to: int = HOLE) -> np.ndarray:
    """Invert `bytes_of` up to rounding: float32 (...), with NaN for holes.

    Args:
        levels: (...), uint8.
        bounds: near and far, as they were in training.
        holes_to: the highest byte that counts as a hole: a little more than 0 for samples, since
            a generator hardly ever makes exactly 0.

    Raises:
        ValueError: as `check_bounds`.
    """
    near, far = check_bounds(bounds)
    share = (levels.astype(np.float32) - NEAREST) / (FARTHEST - NEAREST)
    return np.where(levels <= holes_to, np.nan, near + share * (far - near)).astype(np.float32)


def check_bounds(bounds: Sequence[float]) -> tuple[float, float]:
    """Return near and far.

    Raises:
        ValueError: not two finite numbers, or not 0 <= near < far.
    """
    if len(bounds) != 2 or not np.isfinite(bounds).all() or not 0 <= bounds[0] < bounds[1]:
        raise ValueError(f"data.depth_bounds {list(bounds)}: two numbers, near < far, from 0 on")
    return float(bounds[0]), float(bounds[1])


def measured_within(depth: np.ndarray, bounds: Sequence[float]) -> bool:
    """Tell whether any measurement lies within near and far."""
    near, far = bounds
    return bool(((depth >= near) & (depth <= far)).any())


def fill_holes(depth: np.ndarray) -> np.ndarray:
    """Give every hole of depth (H, W) the depth of the nearest pixel that was measured.

    Raises:
        ValueError: nothing was measured.
    """
    from scipy.ndimage import distance_transform_edt

    holes = np.isnan(depth)
    if holes.all():
        raise ValueError("no measured pixel")
    rows, columns = distance_transform_edt(holes, return_distances=False, return_indices=True)
    return depth[rows, columns]


def crop_depth(depth: np.ndarray, box: tuple[int, int, int], resolution: int) -> np.ndarray:
    """Cut the square at `box` out of depth (H, W), resized: (resolution, resolution).

    Each pixel takes the one value at its centre: a mean across an edge, or with the mark of a
    hole, would be a depth that is nowhere.

    Args:
        box: left, top and side in pixels, inside.
    """
    left, top, side = box
    places = ((np.arange(resolution) + 0.5) * side / resolution).astype(int)
    return depth[np.ix_(top + places, left + places)]
