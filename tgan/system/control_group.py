"""Control groups of Linux: how much memory a container or a scheduler lets processes have."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_GROUPS, _MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class _Version:
    """Where a version of control groups keeps its numbers."""

    controller: str
    folder: str
    limit: str
    usage: str
    cache: str


_VERSIONS = (
    _Version("", ".", "memory.max", "memory.current", "inactive_file"),
    _Version(
        "memory",
        "memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def memory_of_group(groups: Path = _GROUPS, mounted: Path = _MOUNTED) -> tuple[int, int]:
    """Bytes that the processes of this group may hold together, and how many are left of them.

    Files that the system keeps in memory as long as nobody else wants it count as left. Where
    nothing limits the group, and on other systems, both are `sys.maxsize`.

    Args:
        groups: what the kernel says of the groups of a process.
        mounted: where groups are folders.
    """
    found = list(_limits(groups, mounted))
    return min([most for most, _ in found] + [sys.maxsize]), min(
        [left for _, left in found] + [sys.maxsize]
    )


def _limits(groups: Path, mounted: Path) -> Iterator[tuple[int, int]]:
    """The limit of each group that this process is in, the outer ones too, and what is left."""
    for version, folder in _folders(groups, mounted):
        try:
            most = int((folder / version.limit).read_text())
        except (OSError, ValueError):
            # The word `max`, or a group outside of this container.
            continue
        try:
            used = int((folder / version.usage).read_text())
            lines = (folder / "memory.stat").read_text().splitlines()
            cache = int(dict(line.split() for line in lines).get(version.cache, 0))
        except (OSError, ValueError):
            used = cache = 0
        yield most, most - max(used - cache, 0)


def _folders(groups: Path, mounted: Path) -> Iterator[tuple[_Version, Path]]:
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        for version in _VERSIONS:
            if version.controller in controllers.split(","):
                root = mounted / version.folder
                own = root / name.strip("/")
                around = [each for each in (own, *own.parents) if each.is_relative_to(root)]
                yield from ((version, each) for each in around)
