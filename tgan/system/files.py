"""Files and folders that appear whole or not at all."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# What flushing a folder raises where that is not possible at all.
_CANNOT_FLUSH = (errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


class ThereAlready(ValueError):
    """There is something where a new file was to be written, and nobody said to replace it."""


def at_home(path: str | Path) -> str:
    """Return a path with the home folder for a `~` at its beginning, as shells have it."""
    return os.path.expanduser(path)  # noqa: PTH111


def check_writable(path: str | Path) -> None:
    """Raise a ValueError unless a file can be written at `path`, if need be in new folders."""
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"'{path}' is a directory; name a file to write")
    _check_place(path)


def check_not_there(path: str | Path, *, overwrite: bool) -> None:
    """Raise `ThereAlready` if there is something at `path` that may not be overwritten."""
    if Path(path).exists() and not overwrite:
        raise ThereAlready(f"'{path}' is there already")


def check_new_folder(path: str | Path) -> None:
    """Raise a ValueError unless a folder can be made at `path`, or an empty one is there."""
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise ValueError(f"'{path}' is a file; name a folder")
    if path.is_dir() and any(path.iterdir()):
        raise ValueError(f"the folder '{path}' is not empty; name a new one")
    _check_place(path)


@contextmanager
def write_whole_folder(path: str | Path, *, replace: bool = False) -> Iterator[Path]:
    """A folder beside `path` to fill, which is moved into place if nothing is raised meanwhile.

    Its files get the usual mode, as `set_usual_mode` says.

    Args:
        replace: whether a folder that is not empty may be there; it is deleted once the new one
            is in its place.

    Raises:
        ValueError: as `check_new_folder`; with `replace` a folder may hold something.
    """
    path = Path(path).absolute()
    if not (replace and path.is_dir()):
        check_new_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.mkdir()
    try:
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                set_usual_mode(file)
        _put_in_place(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put_in_place(part: Path, path: Path) -> None:
    """Move the folder `part` to `path`, where there may be another one, which is deleted."""
    old = part.with_suffix(".old")
    # Another system than POSIX does not replace even an empty folder.
    if path.is_dir():
        path.rename(old)
    try:
        part.rename(path)
    except OSError:
        if old.is_dir():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def set_usual_mode(path: Path) -> None:
    """Let a file have the mode of a newly opened one.

    safetensors, and whatever else writes by way of `tempfile`, makes files for their owner alone.
    """
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)


def _check_place(path: Path) -> None:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    try:
        # Trying tells more than permissions do: of a read-only disk, and when root asks.
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = f"'{folder}': {error.strerror}"
        raise ValueError(f"'{path}' cannot be written: {reason}") from None


def write_whole(path: str | Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, with the same ending, then move it into place."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        write(part)
        set_usual_mode(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def delete(path: Path) -> None:
    """Delete a file, a link, or a folder with all that is in it; nothing where none is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits, as `sha256sum` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    # Windows flushes only what may be written to.
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where a system lets programs do that.

    Windows opens no folders, and some network disks flush none: there the system itself sees to it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH:
            raise
    finally:
        os.close(descriptor)


def append_line(path: Path, line: str) -> None:
    """Append a line to a text file, or nothing.

    Raises:
        OSError: it cannot be written; what there was of it is taken back.
    """
    size = path.stat().st_size if path.is_file() else 0
    try:
        with path.open("a") as file:
            file.write(f"{line}\n")
    except OSError:
        with suppress(OSError):
            os.truncate(path, size)
        raise


def check_files(folder: str | Path, names: Iterable[str], *, overwrite: bool) -> None:
    """Raise a ValueError unless files of these names can be written in a folder, new or old.

    Args:
        overwrite: whether they may be there already.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"'{folder}' is a file; name a folder")
    for name in names:
        check_writable(folder / name)
        check_not_there(folder / name, overwrite=overwrite)


@contextmanager
def write_files(folder: str | Path) -> Iterator[Path]:
    """A folder to fill with files, which take their places in `folder` once all are written.

    Those of the same names are replaced; if something is raised meanwhile, none is.
    """
    folder = Path(folder)
    new_folders = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{os.getpid()}.part"
    part.mkdir()
    try:
        yield part
        for path in sorted(part.iterdir()):
            set_usual_mode(path)
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if not any(folder.iterdir()):
            for place in new_folders:
                place.rmdir()
