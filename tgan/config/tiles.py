"""Tiles of levels of games: what a character of a text level means, and which plane it fills.

A tile set is a setting (`data.tiles`), so that it travels with every run, checkpoint and export:
what a generator makes can be written as text by whoever has it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tgan.lookup import counted

# The tiles of built-in levels, of which VGLC's Super Mario Bros has the same characters for the
# same things (Summerville et al. 2016).
DEFAULT_TILES = (
    "- sky #9cc4f0",
    "X ground solid #8a5a34",
    "S brick solid #c4784a",
    "? block solid #e8b83c",
    "o coin #fff08a",
    "E enemy #b43c50",
    "< pipe-top-left solid #2e8b3c",
    "> pipe-top-right solid #3fa84e",
    "[ pipe-left solid #3c9a4a",
    "] pipe-right solid #56b862",
)
SOLID, DEADLY = "solid", "deadly"
# Far more than games have, and a tile for every plane of a byte.
MAX_TILES = 256
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
# Colours of tiles that name none, in turn: Okabe and Ito's, then darker.
_PALETTE = ("#f0f0f0", "#404040", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00")


@dataclass(frozen=True)
class Tile:
    """One kind of place of a level.

    Attributes:
        character: that stands for it in text levels.
        name: what it is; empty where it says nothing.
        colour: red, green and blue, 0 to 255, in pictures.
        solid: whether a walker stands on it and cannot pass.
        deadly: whether a walker may not be there.
    """

    character: str
    name: str
    colour: tuple[int, int, int]
    solid: bool = False
    deadly: bool = False


@dataclass(frozen=True)
class TileSet:
    """The tiles of a level, in the order of their planes; the first is the empty one.

    Example:
        >>> tiles = TileSet.of(["- sky", "X ground solid #8a5a34"])
        >>> tiles.characters, tiles.tiles[1].solid
        ('-X', True)
    """

    tiles: tuple[Tile, ...]

    @classmethod
    def of(cls, texts: Sequence[str] = ()) -> "TileSet":
        """Make a tile set of lines such as `X ground solid #8a5a34`; of none the built-in one.

        The first character of a line is the tile's; words after it are its name, `solid`,
        `deadly`, and a colour.

        Raises:
            ValueError: fewer than 2 tiles or more than 256, a character twice, a line that is
                something else, or a first tile that is not empty.
        """
        lines = list(texts) or list(DEFAULT_TILES)
        if not 2 <= len(lines) <= MAX_TILES:
            raise ValueError(f"tiles: {len(lines)} of them, and 2 to {MAX_TILES} are needed")
        tiles = tuple(_tile(line, number) for number, line in enumerate(lines))
        characters = [tile.character for tile in tiles]
        for character in characters:
            if characters.count(character) > 1:
                raise ValueError(f"tiles: the character '{character}' stands for two tiles")
        if tiles[0].solid or tiles[0].deadly:
            raise ValueError(
                f"tiles: '{lines[0]}' is the first tile, which is the empty one: it cannot be "
                f"{SOLID} or {DEADLY}"
            )
        return cls(tiles)

    def __len__(self) -> int:
        return len(self.tiles)

    @cached_property
    def characters(self) -> str:
        """The characters of all tiles, in order."""
        return "".join(tile.character for tile in self.tiles)

    @property
    def names(self) -> list[str]:
        """What to call each tile: its name, or its character where it has none."""
        return [tile.name or tile.character for tile in self.tiles]

    def number(self, character: str) -> int:
        """Return the plane of the tile that a character stands for.

        Raises:
            ValueError: it stands for none; the message lists those that do.
        """
        if len(character) != 1 or character not in self.characters:
            raise ValueError(f"'{character}' is no tile; choose from {' '.join(self.characters)}")
        return self.characters.index(character)


def is_built_in(texts: Sequence[str]) -> bool:
    """Tell whether tiles are those of built-in levels, whatever their names and colours."""
    return TileSet.of(texts).characters == TileSet.of().characters


def check_channels(channels: int, texts: Sequence[str]) -> None:
    """Check that there is a channel for every tile.

    Raises:
        ValueError: another number, with both; or as `TileSet.of`.
    """
    count = len(TileSet.of(texts))
    if channels != count:
        whose = "data.tiles" if texts else "the built-in tiles"
        raise ValueError(
            f"channels {channels} is not {count}: {whose} are {counted(count, 'tile')}, each of "
            "which has a channel"
        )


def check_window(window: Sequence[int] | None, resolution: int) -> None:
    """Check that a window (height, width) fits into the square that networks make.

    Raises:
        ValueError: it does not, or it is not two positive numbers.
    """
    if window is not None and (len(window) != 2 or min(window) < 1 or max(window) > resolution):
        raise ValueError(
            f"window {list(window)} has to be [height, width], from 1 to resolution {resolution}"
        )


def _tile(line: str, number: int) -> Tile:
    character, words = line[:1], line[1:].split()
    if not character.isprintable() or not character or (line[1:] and not line[1].isspace()):
        raise ValueError(
            f"tiles: '{line}' is no tile; a character, and then words apart from it, are needed, "
            "such as 'X ground solid #8a5a34'"
        )
    colours = [word for word in words if _COLOUR.fullmatch(word)]
    names = [word for word in words if word not in (*colours, SOLID, DEADLY)]
    if len(colours) > 1 or len(names) > 1 or any(name.startswith("#") for name in names):
        raise ValueError(
            f"tiles: '{line}' has {' and '.join(names + colours)}; one name of one word, {SOLID}, "
            f"{DEADLY}, and one colour such as #8a5a34 can follow the character"
        )
    shade = colours[0] if colours else _PALETTE[number % len(_PALETTE)]
    red, green, blue = (int(shade[place : place + 2], 16) for place in (1, 3, 5))
    return Tile(
        character,
        name=names[0] if names else "",
        colour=(red, green, blue),
        solid=SOLID in words,
        deadly=DEADLY in words,
    )
