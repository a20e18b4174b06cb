"""Sizes that the networks can make: resolutions, and lengths of clips."""

from numbers import Integral
from typing import Any

# Generators start, and critics end, with maps of one of these sides.
BASE_SIDES = (4, 5)
# Five convolutions of 3x3 see this many pixels, so that stages of a pyramid are no smaller.
RECEPTIVE_FIELD = 11
# The temporal generator doubles its length this often.
TEMPORAL_DOUBLINGS = 4


def base_side(resolution: int) -> int:
    """Return the side of the map that doubles to `resolution`: 4, or 5 for 80 and its like.

    Raises:
        ValueError: `resolution` is neither 4 nor 5 times a power of two, from 8 up.
    """
    for side in BASE_SIDES:
        times, rest = divmod(resolution, side)
        if times > 1 and not rest and not times & (times - 1):
            return side
    raise ValueError(
        f"resolution {resolution} is not 4 or 5 times a power of two "
        "(8, 10, 16, 20, 32, 40, 64, 80, 128, ...)"
    )


def nearest_side(resolution: int) -> int:
    """Return the side nearest to `resolution` that networks can make, the smaller of two."""
    doublings = range(1, max(resolution, 1).bit_length() + 1)
    return min(
        (side * 2**count for count in doublings for side in BASE_SIDES),
        key=lambda side: (abs(side - resolution), side),
    )


def count_doublings(resolution: int) -> int:
    """Count how often a map of side `base_side(resolution)` doubles to reach `resolution`.

    Raises:
        ValueError: as `base_side`.
    """
    return (resolution // base_side(resolution)).bit_length() - 1


def first_length(num_frames: int, doublings: int = TEMPORAL_DOUBLINGS) -> int:
    """Return the length that doubles `doublings` times to `num_frames`.

    Raises:
        ValueError: `num_frames` is no positive multiple of 2**doublings.
    """
    step = 2**doublings
    if num_frames < 1 or num_frames % step:
        raise ValueError(
            f"num_frames {num_frames} is not a multiple of {step} ({step}, {2 * step}, ...)"
        )
    return num_frames // step


def nearest_length(num_frames: int, doublings: int = TEMPORAL_DOUBLINGS) -> int:
    """The most frames, of `num_frames` at most, that `first_length` doubles its way to.

    An image, and what is too short, keep their length.
    """
    step = 2**doublings
    return num_frames if num_frames < step else num_frames // step * step


def check_size(size: Any) -> None:
    """Raise a ValueError for what is no height and width in whole pixels."""
    is_pair = isinstance(size, tuple | list) and len(size) == 2
    if not (is_pair and all(isinstance(side, Integral) for side in size)):
        raise ValueError(f"size {size!r} is no (height, width) in whole pixels, such as (60, 200)")


def stage_sizes(
    size: tuple[int, int], picture: tuple[int, int], scales: int, coarsest: int
) -> list[tuple[int, int]]:
    """Heights and widths of a pyramid's stages up to `size`, smallest first.

    Neighbours differ by the same factor, up to rounding: the one by which `scales` stages take the
    picture's shorter side down to `coarsest`.

    Args:
        size: height and width of the last stage.
        picture: height and width of the picture that the pyramid is trained on.

    Raises:
        ValueError: as `check_size`, or the picture is smaller than the coarsest side, or a stage
            than 11 pixels.

    Example:
        >>> stage_sizes((72, 96), (72, 96), 3, 25)
        [(25, 33), (42, 57), (72, 96)]

    Source: Shaham et al. 2019: a factor near 3/4, such that the coarsest side is 25.
    """
    check_size(size)
    if min(picture) < coarsest:
        raise ValueError(
            f"a picture of {picture[0]}x{picture[1]} (height x width) has no side of "
            f"generator.coarsest {coarsest}: raise data.resolution, or lower generator.coarsest "
            f"({RECEPTIVE_FIELD} at least)"
        )
    share = 1.0 if scales == 1 else (coarsest / min(picture)) ** (1 / (scales - 1))
    powers = [share ** (scales - 1 - stage) for stage in range(scales)]
    sizes = [(round(size[0] * power), round(size[1] * power)) for power in powers]
    if min(sizes[0]) < RECEPTIVE_FIELD:
        raise ValueError(
            f"images of {size[0]}x{size[1]} (height x width) would start from {sizes[0][0]}x"
            f"{sizes[0][1]}; a stage sees {RECEPTIVE_FIELD} pixels at once, so that no side can be "
            "smaller"
        )
    return sizes
