"""Folders that someone else may have filled: plain files of theirs, read within bounds.

Nothing here opens a device or a pipe, which block, nor follows a link out of the folder.
"""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Bytes of a file of facts; the largest known, of thousands of classes, are a hundredth of it.
MAX_FACTS = 8 * 2**20
# Text of a stranger is quoted up to so many characters, without control characters.
_QUOTED = 80


class MissingFile(ValueError):
    """A folder has no file of this name."""


def plain_file(folder: str | Path, name: str) -> Path:
    """The path of a regular file that lies in a folder.

    Raises:
        ValueError: `name` is no plain file name, nothing is there, or it is a folder, a device, a
            pipe, or a link to a place outside.
    """
    if not is_plain_name(name):
        raise ValueError(f"{quoted(name)} is no name of a file in '{folder}'")
    path = Path(folder) / name
    try:
        mode = path.stat().st_mode
    except (OSError, UnicodeError):
        raise MissingFile(f"{quoted(name)} is missing in '{folder}'") from None
    check_inside(path, folder)
    if not stat.S_ISREG(mode):
        raise ValueError(f"'{path}' is no regular file")
    return path


def check_inside(path: str | Path, folder: str | Path) -> None:
    """Raise a ValueError if `path` is, or lies behind, a link to a place outside of `folder`."""
    place, root = (os.path.realpath(each) for each in (path, folder))
    if os.path.commonpath([place, root]) != root:
        raise ValueError(f"'{path}' is a link out of '{folder}': copy there what it leads to")


def check_no_links_out(folder: str | Path, *, below: Sequence[str] = ()) -> None:
    """Refuse a folder some of whose files are links to places outside.

    What is going to be written to them would be written elsewhere.

    Args:
        below: names of folders in it that are looked through, too, to any depth.

    Raises:
        ValueError: a file in it, or anything in the folders `below`, is such a link.
    """
    folder = Path(folder)
    found = list(folder.iterdir()) if folder.is_dir() else []
    links = [path for path in found if path.name in below or not path.is_dir()]
    for name in below:
        for place, folders, files in os.walk(folder / name):
            links += [Path(place, each) for each in (*folders, *files)]
    for path in links:
        if path.is_symlink():
            check_inside(path, folder)


def check_no_device(path: str | Path | None) -> None:
    """Raise a ValueError if there is something else than a file or a folder at `path`."""
    place = None if path is None else Path(path)
    if place is not None and place.exists() and not (place.is_file() or place.is_dir()):
        raise ValueError(f"'{path}' is neither a file nor a folder")


def read_bytes(folder: str | Path, name: str, *, at_most: int = MAX_FACTS) -> bytes:
    """Read a file of a folder whose size is looked at first.

    Raises:
        ValueError: as `plain_file`, or larger than `at_most` bytes.
        OSError: it cannot be read.
    """
    path = plain_file(folder, name)
    with path.open("rb") as file:
        # What the system says of a size need not hold.
        content = b"" if os.fstat(file.fileno()).st_size > at_most else file.read(at_most + 1)
        if not content and file.read(1) or len(content) > at_most:
            raise ValueError(f"'{path}' is larger than {at_most:,} bytes")
    return content


def parse_json(content: bytes | str, *, source: str) -> Any:
    """The value of a JSON text.

    Args:
        source: what to call the text in errors.

    Raises:
        ValueError: it is none, or nested too deep.
    """
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError(f"{source} is nested too deep") from None
    except ValueError:
        raise ValueError(f"{source} is no JSON") from None


def read_json_object(folder: str | Path, name: str, *, at_most: int = MAX_FACTS) -> dict[str, Any]:
    """The JSON object in a file of a folder.

    Raises:
        ValueError: as `read_bytes` and `parse_json`, or some other value.
    """
    source = f"'{Path(folder) / name}'"
    found = parse_json(read_bytes(folder, name, at_most=at_most), source=source)
    if not isinstance(found, dict):
        raise ValueError(f"{source} is no JSON object")
    return found


def quoted(text: object) -> str:
    """What a stranger wrote, short and without control characters, in quotation marks."""
    shown = ascii(text) if isinstance(text, str) else type(text).__name__
    return shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}..."


def is_plain_name(name: str) -> bool:
    """Whether a text names a file of a folder, and not a way out of it."""
    return name not in ("", ".", "..") and not any(sign in name for sign in "/\\\0")


def is_count(value: Any) -> bool:
    """Whether a value of JSON is a whole number from 0 that other programs can hold, too."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def are_names(value: Any) -> bool:
    """Whether a value of JSON is a list of different texts, none of them empty."""
    is_list = isinstance(value, list) and all(isinstance(name, str) and name for name in value)
    return is_list and len(set(value)) == len(value)
