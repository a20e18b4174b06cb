"""Stand-ins for what Windows refuses, so that it can be tried on other systems."""

import errno
import os
import shutil
import stat
import types
from pathlib import Path

try:
    import fcntl
except ImportError:  # On Windows itself, where nothing is simulated.
    fcntl = None

_REAL = {name: getattr(os, name) for name in ("open", "fsync")}


def refuse_folders_and_readers(monkeypatch):
    """Folders cannot be opened, and what is open for reading alone cannot be flushed."""

    def open_file(path, flags, *rest, **named):
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return _REAL["open"](path, flags, *rest, **named)

    def fsync(descriptor):
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return _REAL["fsync"](descriptor)

    monkeypatch.setattr(os, "open", open_file)
    # Folders are deleted by their names there.
    monkeypatch.setattr(shutil, "_use_fd_functions", False)
    monkeypatch.setattr(os, "fsync", fsync)


def refuse_to_delete_what_is_open(monkeypatch):
    """No file can be deleted, or replaced, while this process has it open."""

    def is_open(path):
        for link in Path("/proc/self/fd").iterdir():
            try:
                if stat.S_ISREG(link.stat().st_mode) and link.samefile(path):
                    return True
            except OSError:
                continue
        return False

    def guarded(name):
        real = getattr(Path, name)

        def call(self, *args, **named):
            for path in (self, *args[:1]):
                if is_open(path):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(self, *args, **named)

        monkeypatch.setattr(Path, name, call)

    for name in ("unlink", "rename", "replace"):
        guarded(name)


def fake_msvcrt():
    """A module that locks bytes as Windows' does: `PermissionError` where one is locked."""
    module = types.ModuleType("msvcrt")
    module.LK_NBLCK, module.LK_UNLCK = 2, 0
    module.places = []

    def locking(descriptor, mode, count):
        module.places.append(os.lseek(descriptor, 0, os.SEEK_CUR))
        if mode == module.LK_UNLCK:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None

    module.locking = locking
    return module
