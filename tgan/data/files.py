"""Files of data: which suffixes mean pictures and videos, and which files a folder shows."""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# What Pillow reads, without other programs, as one picture, as a strip of frames, or as an
# animation.
PICTURE_SUFFIXES = (
    *(".apng", ".avif", ".avifs", ".blp", ".bmp", ".bw", ".dcx", ".dds", ".dib", ".fits", ".ftc"),
    *(".ftu", ".gbr", ".icb", ".icns", ".ico", ".im", ".j2c", ".j2k", ".jfif", ".jp2", ".jpc"),
    *(".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".msp", ".pbm", ".pcd", ".pcx", ".pfm"),
    *(".pgm", ".png", ".pnm", ".ppm", ".psd", ".pxr", ".qoi", ".ras", ".rgb", ".rgba", ".sgi"),
    *(".tga", ".tif", ".tiff", ".vda", ".vst", ".webp", ".xbm", ".xpm"),
)
# What FFmpeg reads, inside a folder; a file named by itself may have any suffix.
VIDEO_SUFFIXES = (
    *(".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
)
# Problems of an entry.
BROKEN, NO_FILE = "a broken link", "no regular file"
LOOP, SECOND = "a link to a folder that it lies in", "a second link to one folder"


def is_picture(path: Path) -> bool:
    """Tell by its suffix whether a file is a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def is_video(path: Path) -> bool:
    """Tell by its suffix whether a file is a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def is_hidden(path: Path) -> bool:
    """Tell whether a part of a path starts with a dot."""
    return any(part.startswith(".") for part in path.parts)


@dataclass(frozen=True)
class Entry:
    """Something that a search came upon: a file, or what can be opened by nobody.

    Attributes:
        root: the folder that was searched, or the file itself.
        title: what to call that folder in reports.
        problem: why nothing can be read there; None for a file.
    """

    path: Path
    root: Path
    title: str
    problem: str | None = None

    @property
    def name(self) -> str:
        """What to call it in reports."""
        return self.title if self.path == self.root else f"{self.title}/{self.relative}"

    @property
    def relative(self) -> str:
        """The path below the folder that was searched, with `/`."""
        return self.path.name if self.path == self.root else self._below.as_posix()

    @property
    def is_hidden(self) -> bool:
        """Whether a part of the path below the folder that was searched starts with a dot."""
        return self.path != self.root and is_hidden(self._below)

    @property
    def _below(self) -> Path:
        return self.path.relative_to(self.root)


def entries(root: Path, title: str | None = None) -> Iterator[Entry]:
    """Yield all that lies in a folder and in the folders below it, sorted, folders left out.

    Links to folders are followed, but not to one that they lie in, nor twice to the same below
    one folder of `root`; then the link itself is an entry with a problem. A file yields itself.

    Args:
        title: by default the name of the folder.
    """
    title = title or root.resolve().name
    followed: set[tuple[str, str]] = set()
    # A stack, since folders can lie deeper than calls can.
    waiting = [(root, (os.path.realpath(root),))]
    while waiting:
        path, above = waiting.pop()
        if not path.is_dir():
            yield Entry(path, root, title, _problem_of(path))
            continue
        real = os.path.realpath(path)
        if path != root and path.is_symlink():
            place = (path.relative_to(root).parts[0], real)
            if problem := _not_followed(place, above, followed):
                yield Entry(path, root, title, problem)
                continue
            followed.add(place)
        try:
            below = sorted(path.iterdir(), reverse=True)
        except OSError as error:
            reason = f"a folder that cannot be opened ({error.strerror})"
            yield Entry(path, root, title, reason)
            continue
        waiting += [(each, (*above, real)) for each in below]


def _not_followed(
    place: tuple[str, str], above: Sequence[str], followed: Collection[tuple[str, str]]
) -> str | None:
    if place[1] in above:
        return LOOP
    return SECOND if place in followed else None


def _problem_of(path: Path) -> str | None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return BROKEN if path.is_symlink() else f"cannot be opened ({error.strerror})"
    return None if stat.S_ISREG(mode) else NO_FILE
