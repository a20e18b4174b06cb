"""Text levels: a character per tile, a line per row, all lines equally long."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tgan.config.tiles import TileSet
from tgan.data.files import entries
from tgan.lookup import counted

SUFFIX = ".txt"
# Characters of a level; those of games have some thousands.
MAX_CHARACTERS = 10**7


class UnknownTile(ValueError):
    """A character of a level stands for no tile."""


def parse_level(text: str, tiles: TileSet, *, source: str = "level") -> np.ndarray:
    """Read a level: the number of the tile at every place, (rows, columns), uint8.

    Empty lines at the end are passed over, and so are a byte order mark and carriage returns.

    Args:
        source: what to call it in errors.

    Raises:
        ValueError: no line, a line of another length than the first, or (`UnknownTile`) a
            character that is no tile; with its line and column, from 1.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    while lines and not lines[-1]:
        lines.pop()
    if not lines or not lines[0]:
        raise ValueError(f"{source} is empty: a line of tiles for each row is needed")
    for number, line in enumerate(lines, 1):
        if len(line) != len(lines[0]):
            raise ValueError(
                f"{source}, line {number} has {counted(len(line), 'tile')} and line 1 has "
                f"{len(lines[0])}; all rows of a level are equally long"
            )
    numbers = {character: number for number, character in enumerate(tiles.characters)}
    unknown = sorted(set("".join(lines)) - numbers.keys())
    if unknown:
        raise UnknownTile(_strange(lines, unknown, tiles, source))
    return np.array([[numbers[character] for character in line] for line in lines], np.uint8)


def level_text(level: np.ndarray, tiles: TileSet) -> str:
    """Write a level (rows, columns) of numbers of tiles as text, a line for each row."""
    characters = np.array(list(tiles.characters))
    return "".join("".join(row) + "\n" for row in characters[level])


def read_levels(path: Path | str, tiles: TileSet) -> dict[str, np.ndarray]:
    """Read all text levels of a folder and of the folders below it, or a single one, by name.

    Raises:
        ValueError: there is none, or as `parse_level`.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"'{path}' is not there; a folder of text levels is needed")
    files = [
        entry
        for entry in entries(path)
        if not entry.is_hidden
        and entry.problem is None
        and (entry.path == path or entry.path.suffix.lower() == SUFFIX)
    ]
    if not files:
        raise ValueError(f"'{path}' has no level: files that end in {SUFFIX} are needed")
    texts = {entry: _text_of(entry.path) for entry in files}
    try:
        return {
            entry.relative: parse_level(text, tiles, source=f"'{entry.path}'")
            for entry, text in texts.items()
        }
    except UnknownTile as error:
        raise UnknownTile(f"{error}; {_that_take_all(texts.values(), tiles)}") from None


def _text_of(path: Path) -> str:
    if path.stat().st_size > MAX_CHARACTERS:
        raise ValueError(f"'{path}' is larger than {MAX_CHARACTERS:,} bytes, and no level")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"'{path}' is no UTF-8 text: {error.reason} at byte {error.start}"
        ) from None


def _strange(lines: list[str], unknown: list[str], tiles: TileSet, source: str) -> str:
    """Where the first unknown character is, and what could be there."""
    row, column = next(
        (row, column)
        for row, line in enumerate(lines)
        for column, character in enumerate(line)
        if character in unknown
    )
    return (
        f"{source}, line {row + 1}, column {column + 1}: '{lines[row][column]}' is no tile; "
        f"choose from {' '.join(tiles.characters)}"
    )


def _that_take_all(texts: Iterable[str], tiles: TileSet) -> str:
    """The settings under which all characters of some levels are tiles."""
    found = set("".join("".join(text.splitlines()) for text in texts)) - {"\ufeff"}
    characters = [*tiles.characters, *sorted(found - set(tiles.characters))]
    return (
        f"data.tiles with a line for each character, such as {json.dumps(characters)}, and "
        f"data.channels {len(characters)} take all levels here"
    )
