"""Small disks: what a test mounts, fills up and empties."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096
_BALLAST = ".ballast"


class SmallDisk:
    """A disk at a folder.

    Example:
        >>> with small_disk(run_dir / "previews") as disk:
        ...     disk.fill(room=0)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def room(self) -> int:
        """Bytes that can still be written."""
        there = os.statvfs(self.folder)
        return there.f_bavail * there.f_frsize

    def fill(self, *, room: int) -> None:
        """Leave no more than `room` bytes, a number of pages."""
        with (self.folder / _BALLAST).open("wb") as file:
            file.write(b"1" * max(self.room - room, 0))

    def empty(self) -> None:
        """Make room again."""
        (self.folder / _BALLAST).unlink()


@contextmanager
def small_disk(folder: Path, *, num_bytes: int = 2**22) -> Iterator[SmallDisk]:
    """Mount a disk at a folder, and copy what is in there to it.

    Skips the test where this process may not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = folder.with_name(f"{folder.name}.before")
    shutil.copytree(folder, before)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={num_bytes}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
        reason = done.stderr.strip() if done.returncode else ""
    except OSError as error:
        reason = str(error)
    if reason:
        pytest.skip(f"needs a small disk, which cannot be mounted here: {reason}")
    try:
        shutil.copytree(before, folder, dirs_exist_ok=True)
        shutil.rmtree(before)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
