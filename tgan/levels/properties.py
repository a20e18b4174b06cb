"""Properties of levels that a search can ask for: how far a level is from having each.

    count:TILE=N     so many places with a tile, named by its character or its name
    linearity=X      how far columns are from one line, in rows: 0 is a straight slope
    profile=H,H,...  heights of the floor from left to right, in rows above the lower edge

The height of a column is that of the lowest place to stand on: the rows below it, and 0 where
there is none. Linearity is the mean distance of heights from their least-squares line, as Smith
and Whitehead 2010 ("Analyzing the Expressive Range of a Level Generator") have it for the middles
of platforms; here columns take their place, pits are left out, and nothing is normalised.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tgan.config.tiles import TileSet
from tgan.data.tiles.rules import standing_places
from tgan.lookup import look_up

# From a level (rows, columns) to a distance, 0 for one that is as wanted.
Distance = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Property:
    """A wanted property.

    Attributes:
        text: as `parse_property` took it.
        distance: of a level from it.

    Example:
        >>> parse_property("count:E=5", tiles).distance(level)
        2.0
    """

    text: str
    distance: Distance


def parse_property(text: str, tiles: TileSet) -> Property:
    """Make a property of a text such as `count:E=5`.

    Raises:
        ValueError: no such kind of property, tile or value.
    """
    head, equals, value = text.rpartition("=")
    kind, colon, what = head.partition(":")
    make = look_up(PROPERTIES, kind, kind="property")
    try:
        wanted = [float(number) for number in value.split(",")]
    except ValueError:
        raise ValueError(f"property '{text}': '{value}' is no number, nor several with ,") from None
    if not np.isfinite(wanted).all() or min(wanted) < 0:
        raise ValueError(f"property '{text}': {value} is not finite, or below 0")
    if bool(colon) != (make is _count):
        raise ValueError(
            f"property '{text}': count:TILE=N, linearity=X or profile=H,H,... is needed"
        )
    if len(wanted) > 1 and make is not _profile:
        raise ValueError(f"property '{text}': {kind} takes one number")
    return Property(text, make(what, np.array(wanted), tiles))


def heights(level: np.ndarray, tiles: TileSet) -> np.ndarray:
    """Find the rows below the lowest place to stand on in each column; 0 where there is none."""
    stands = standing_places(level, tiles)
    return np.where(stands.any(0), stands[::-1].argmax(0), 0)


def linearity(level: np.ndarray, tiles: TileSet) -> float:
    """Measure how far columns are from one line: mean absolute distance of heights, in rows.

    Columns without a place to stand on are left out; NaN where fewer than two are left.
    """
    columns = np.flatnonzero(standing_places(level, tiles).any(0))
    if len(columns) < 2:
        return float("nan")
    there = heights(level, tiles)[columns]
    line = np.polynomial.Polynomial.fit(columns, there, 1)
    return float(np.abs(there - line(columns)).mean())


def _count(what: str, wanted: np.ndarray, tiles: TileSet) -> Distance:
    by_name = {name: number for number, name in enumerate(tiles.names)}
    number = by_name[what] if what in by_name else tiles.number(what)
    return lambda level: float(abs((level == number).sum() - wanted[0]))


def _linearity(what: str, wanted: np.ndarray, tiles: TileSet) -> Distance:
    def distance(level: np.ndarray) -> float:
        found = linearity(level, tiles)
        # As far as a level of that many rows can be.
        return float(len(level) if np.isnan(found) else abs(found - wanted[0]))

    return distance


def _profile(what: str, wanted: np.ndarray, tiles: TileSet) -> Distance:
    def distance(level: np.ndarray) -> float:
        found = heights(level, tiles)
        places = np.linspace(0, 1, len(wanted))
        line = np.interp(np.linspace(0, 1, len(found)), places, wanted)
        return float(np.abs(found - line).mean())

    return distance


PROPERTIES: dict[str, Callable[[str, np.ndarray, TileSet], Distance]] = {
    "count": _count,
    "linearity": _linearity,
    "profile": _profile,
}
