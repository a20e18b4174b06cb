"""Selection among the videos found: by patterns of their paths, and by their rows in arrays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Selection:
    """A choice of files and of rows.

    A file is chosen if it fits any pattern of `only`, or there are none, and fits none of
    `exclude`.

    Args:
        only, exclude: patterns of paths below the source, in which `*` matches `/` too.
        rows: numbers of the videos to take from files that hold several; None takes all.

    Example:
        >>> test_part = Selection(only=("test/*",))
        >>> find_sources([Path("videos")], selection=test_part)
    """

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rows: frozenset[int] | None = None


EVERYTHING = Selection()


def choose_files(names: Sequence[str], selection: Selection) -> list[bool]:
    """Tell of each file, by its path below the source, whether it is chosen.

    Raises:
        ValueError: a pattern fits no file, or no file is left.
    """
    patterns = {"only": selection.only, "exclude": selection.exclude}
    for name_of, globs in patterns.items():
        for glob in globs:
            if names and not any(fnmatchcase(name, glob) for name in names):
                raise ValueError(
                    f"{name_of} '{glob}' fits none of the {len(names)} files, such as '{names[0]}'"
                )
    wanted = [
        (not selection.only or _fits(name, selection.only)) and not _fits(name, selection.exclude)
        for name in names
    ]
    if names and not any(wanted):
        raise ValueError(f"only and exclude leave none of the {len(names)} files")
    return wanted


def choose_rows(found: Sequence[int | None], selection: Selection) -> list[bool]:
    """Tell of each video, by its row in its file (None: it has a file to itself), if it is chosen.

    Raises:
        ValueError: a video has no row, or a row is in no file.
    """
    if selection.rows is None or not found:
        return [True] * len(found)
    if None in found:
        raise ValueError(
            "rows are for .npy and .npz files alone; leave other files out by only or exclude"
        )
    missing = sorted(selection.rows.difference(found))
    if missing:
        raise ValueError(f"rows: there is no row {missing[0]}; the last is {max(found)}")
    return [row in selection.rows for row in found]


def _fits(name: str, globs: Collection[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
