"""Classes of videos by a list: each row means the file that it names, and no namesake."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tgan.data.files import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from tgan.data.videos.lists import Row

_ENDINGS = {*PICTURE_SUFFIXES, *VIDEO_SUFFIXES}
# Parts of a path, from the file up to the root.
_Parts = tuple[str, ...]


@dataclass
class Match:
    """Classes by position in the videos, and `(file, reason)` of rows without a video."""

    labels: dict[int, str] = field(default_factory=dict)
    missing: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where a video is: its path below the folder that was searched, and that folder's path."""

    relative: str
    root: str = ""


def match(videos: Sequence[Place], rows: Iterable[Row]) -> Match:
    """Find each row's video.

    A row names it by a path below the folder that was searched, or by the end of its whole path.
    A list that was made elsewhere names it by a path that ends with that below the folder, where
    all such rows begin alike; or by a path in folders that are gone, where all videos lie in one
    and no name is listed twice. Slashes may be backslashes; a name without a usual ending means
    the video whose name is the same up to its ending. Otherwise a row that names a folder never
    means a video in another one. Two videos that a row fits equally well are named, and not
    chosen between.

    Raises:
        ValueError: two rows give one video two classes.
    """
    search, found = _Search(videos), Match()
    named = [(row, _parts(row.file)) for row in rows]
    here = [search.by_end(parts) for _, parts in named]
    left = [parts for (_, parts), positions in zip(named, here, strict=True) if not positions]
    one_of_several = any(search.names_root(parts) for _, parts in named)
    by_name = search.is_flat and not one_of_several
    elsewhere = iter(search.by_name(left) if by_name else search.below_another_root(left))
    for (row, parts), positions in zip(named, here, strict=True):
        if positions := positions or next(elsewhere):
            _assign(found, videos, positions, row)
        else:
            found.missing.append((row.file, search.why_not(parts, row)))
    return found


class _Search:
    """Videos by the names of their files, with and without ending."""

    def __init__(self, videos: Sequence[Place]) -> None:
        self._below = [_parts(video.relative) for video in videos]
        self._whole = [
            below + _parts(video.root) for below, video in zip(self._below, videos, strict=True)
        ]
        self.is_flat = all(len(parts) == 1 for parts in self._below)
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for position, parts in enumerate(self._below):
            for name in {parts[0], _stem(parts[0])}:
                self._by_name[name].append(position)

    def by_end(self, parts: _Parts) -> list[int]:
        """The videos whose path below the folder is this, else whose whole path ends so."""
        fitting = self._ending_so(parts)
        exact = [p for p in fitting if len(self._below[p]) == len(parts)]
        return exact or fitting

    def names_root(self, parts: _Parts) -> bool:
        """Whether a path names a video by the folder that was searched, too."""
        return any(len(self._below[p]) < len(parts) for p in self._ending_so(parts))

    def by_name(self, rows: Sequence[_Parts]) -> list[list[int]]:
        """For each row, the videos that are called so, if no other row is."""
        names = [parts[:1] for parts in rows]
        counts = Counter(names)
        return [self.by_end(name) if counts[name] == 1 else [] for name in names]

    def below_another_root(self, rows: Sequence[_Parts]) -> list[list[int]]:
        """For each row, the videos that lie below another root as they lie below theirs.

        None where these are several roots. Videos that lie in no folder do not count: their names
        alone say nothing of where.
        """
        found, roots = [], set()
        for parts in rows:
            fitting = [p for p in self._named(parts) if _begins(parts, self._below[p])]
            longest = max((len(self._below[p]) for p in fitting), default=0)
            found.append([p for p in fitting if len(self._below[p]) == longest > 1])
            if found[-1]:
                roots.add(parts[longest:])
        return found if len(roots) == 1 else [[] for _ in rows]

    def why_not(self, parts: _Parts, row: Row) -> str:
        namesakes = ["/".join(reversed(self._below[p])) for p in self._named(parts)]
        other = f", only '{namesakes[0]}'" if namesakes else ""
        return f"listed in {row.listed_in}, but no such file{other}"

    def _ending_so(self, parts: _Parts) -> list[int]:
        return [p for p in self._named(parts) if _begins(self._whole[p], parts)]

    def _named(self, parts: _Parts) -> list[int]:
        """Those with the name of a row's file: to the letter, or else up to the ending."""
        named = self._by_name.get(parts[0], []) if parts else []
        whole = [p for p in named if self._below[p][0] == parts[0]]
        return whole or named


def _parts(path: str) -> _Parts:
    """A path's parts from its end, with `./` and `..` taken out; "/" is the last of an absolute."""
    parts: list[str] = []
    for part in PurePosixPath(path.strip().replace("\\", "/")).parts:
        if part == ".." and parts and parts[-1] not in ("..", "/"):
            parts.pop()
        else:
            parts.append(part)
    return tuple(reversed(parts))


def _begins(parts: _Parts, beginning: _Parts) -> bool:
    """Whether the ends of two paths agree, that of a file's name up to its ending."""
    return parts[1 : len(beginning)] == beginning[1:]


def _stem(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return stem if dot and f".{ending.lower()}" in _ENDINGS else name


def _assign(found: Match, videos: Sequence[Place], positions: Sequence[int], row: Row) -> None:
    paths = {(videos[position].root, videos[position].relative) for position in positions}
    if len(paths) > 1:
        reason = f"{len(paths)} files have this name"
        found.missing.append((row.file, f"listed in {row.listed_in}, but {reason}"))
        return
    for position in positions:
        if found.labels.setdefault(position, row.label) != row.label:
            raise ValueError(
                f"{row.listed_in} gives {row.file} two labels: '{found.labels[position]}' and"
                f" '{row.label}'"
            )
