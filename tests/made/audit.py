"""What a call touches: files opened, folders made, connections; asked of Python's audit events."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.bind", "urllib.Request")
_CHANGES = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "os.truncate",
)
_STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pickle.find_class")
_seen: list[tuple[str, str]] | None = None


def _note(event: str, arguments: tuple) -> None:
    if _seen is None:
        return
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        kind = "write" if (arguments[2] or 0) & _WRITES else "read"
        _seen.append((kind, os.fsdecode(arguments[0])))
    elif event in ("os.listdir", "os.scandir"):
        _seen.append(("read", str(arguments[0])))
    elif event in _CHANGES:
        _seen.append(("write", str(arguments[0])))
    elif event in _NETWORK:
        _seen.append(("network", str(arguments[-1])))
    elif event in _STARTS:
        _seen.append(("start", str(arguments[0])))


sys.addaudithook(_note)  # It cannot be taken away, but does nothing outside of `audited`.


@contextmanager
def audited() -> Iterator[list[tuple[str, str]]]:
    """A list of `(read | write | network | start, what)` that grows while the block runs."""
    global _seen
    _seen = found = []
    try:
        yield found
    finally:
        _seen = None


def outside(found: list[tuple[str, str]], *folders: Path) -> list[tuple[str, str]]:
    """What was touched beyond these folders and what Python itself is made of."""
    # Programs and their libraries, and what the system says of memory and processors.
    own = [sys.prefix, sys.base_prefix, "/proc/self", "/proc/meminfo", "/sys/devices/system/cpu"]
    own += [str(Path(__file__).parents[2] / "tgan"), "/dev/null", "/etc/localtime"]
    allowed = [os.path.realpath(each) for each in (*folders, *own)]
    # What an import looks through.
    searched = {os.path.realpath(each) for each in sys.path}
    return [
        (kind, what)
        for kind, what in found
        if not (kind == "read" and os.path.realpath(what) in searched)
        if kind in ("network", "start")
        or not any(_is_below(os.path.realpath(what), each) for each in allowed)
        or (kind == "write" and any(_is_below(os.path.realpath(what), each) for each in own))
    ]


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
