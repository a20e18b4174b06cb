"""Locks of folders: one process works on a folder at a time, and a crash releases it."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

try:
    import fcntl
except ImportError:  # Not on POSIX.
    fcntl = None  # type: ignore[assignment]
try:
    import msvcrt

    _windows: Any = msvcrt
except ImportError:  # Not on Windows.
    _windows = None

LOCK = ".lock"
# The byte that is locked on Windows, where a locked one cannot be read: behind the holder's name.
_PLACE = 2**30
# Seconds between two looks whether the holder is done.
PAUSE = 0.5

Say = Callable[[str], object]


class AtWork(ValueError):
    """Another process, which is named, works on a folder."""


@contextmanager
def locked(folder: str | Path, *, waits: Say | None = None) -> Iterator[None]:
    """Keep all others from working on a folder, which is made where it is missing.

    The lock goes with the process that holds it, however that ends. On network disks it holds
    between machines where the file system carries `flock` over (NFS from version 4, Lustre and
    GPFS where it is mounted so); where there is no such lock, none is taken. Windows locks a byte
    of the file instead.

    Args:
        waits: is called once with words on whom the folder is waited for; None raises instead.

    Raises:
        AtWork: another process, or another run of this one, is at work on it.
    """
    folder = Path(folder)
    is_new = not folder.exists()
    file = _acquired(folder, waits)
    try:
        yield
    finally:
        # While it is still held, so that nobody else's is deleted; Windows deletes no open file.
        is_deleted = _deleted(folder / LOCK)
        # Said, since processes that were forked meanwhile have the file open, too.
        _release(file)
        file.close()
        if not is_deleted:
            _deleted(folder / LOCK)
        if is_new and not any(folder.iterdir()):
            folder.rmdir()


def _acquired(folder: Path, waits: Say | None) -> TextIO:
    """The open lock file of a folder once this process holds it."""
    said = False
    while True:
        # Its holder deletes a folder that stayed empty.
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a+")
        try:
            _take(file)
        except (BlockingIOError, PermissionError):
            at_work = AtWork(f"{_holder(file)} is at work on '{folder}'")
            file.close()
            if waits is None:
                raise at_work from None
            if not said:
                waits(f"waiting: {at_work}")
            said = True
            time.sleep(PAUSE)
            continue
        except OSError:
            return file
        if _is_in_place(file, folder / LOCK):
            _sign(file)
            return file
        # Its holder deleted it between the opening and the lock.
        file.close()


def _take(file: TextIO) -> None:
    """Lock a file, or raise `BlockingIOError`, or `PermissionError` on Windows, if it is locked."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    elif _windows is not None:
        os.lseek(file.fileno(), _PLACE, os.SEEK_SET)
        _windows.locking(file.fileno(), _windows.LK_NBLCK, 1)


def _release(file: TextIO) -> None:
    """Unlock a file; one that could not be locked is let be."""
    with suppress(OSError):
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_UN)
        elif _windows is not None:
            os.lseek(file.fileno(), _PLACE, os.SEEK_SET)
            _windows.locking(file.fileno(), _windows.LK_UNLCK, 1)


def _deleted(path: Path) -> bool:
    """Delete a file, unless the system does not let go of it while it is open."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        return False
    return True


def _is_in_place(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sign(file: TextIO) -> None:
    """Write down who holds a lock, for those who find it held."""
    file.truncate(0)
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    json.dump({"host": socket.gethostname(), "process": os.getpid(), "since": since}, file)
    file.flush()


def _holder(file: TextIO) -> str:
    """Who holds a lock, in words."""
    try:
        file.seek(0)
        signed = json.load(file)
        return f"process {signed['process']} on {signed['host']} (since {signed['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
