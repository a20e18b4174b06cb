"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def check_writable(path: str | Path) -> None:
    """Raise a ValueError unless a file can be written at `path`, if need be in new folders."""
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"'{path}' is a directory; name a file to write")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    try:
        # Trying tells more than permissions do: of a read-only disk, and when root asks.
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = f"'{folder}': {error.strerror}"
        raise ValueError(f"'{path}' cannot be written: {reason}") from None


def write_whole(path: str | Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, with the same ending, then move it into place."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
