"""Which of the videos found are wanted: by patterns of their paths, and by rows of arrays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Selection:
    """`only` and `exclude` are patterns of paths below the SOURCE, in which `*` matches `/` too.

    A file is wanted if it fits any pattern of `only`, or there are none, and fits none of
    `exclude`. `rows` are the wanted videos of files that hold several; None wants all.
    """

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rows: frozenset[int] | None = None


EVERYTHING = Selection()


def choose_files(names: Sequence[str], selection: Selection) -> list[bool]:
    """Whether each file, by its path below the SOURCE, is wanted.

    Raises:
        ValueError: a pattern fits no file, or no file is left.
    """
    patterns = {"--only": selection.only, "--exclude": selection.exclude}
    for option, globs in patterns.items():
        for glob in globs:
            if names and not any(fnmatchcase(name, glob) for name in names):
                raise ValueError(
                    f"{option} '{glob}' fits none of the {len(names)} files, such as '{names[0]}'"
                )
    wanted = [
        (not selection.only or _fits(name, selection.only)) and not _fits(name, selection.exclude)
        for name in names
    ]
    if names and not any(wanted):
        raise ValueError(f"--only and --exclude leave none of the {len(names)} files")
    return wanted


def choose_rows(found: Sequence[int | None], selection: Selection) -> list[bool]:
    """Whether each video, by its row in its file (None: it has a file of its own), is wanted.

    Raises:
        ValueError: a video has no row, or a wanted row is in no file.
    """
    if selection.rows is None or not found:
        return [True] * len(found)
    if None in found:
        raise ValueError("--rows is for .npy and .npz files alone; leave others out with --only")
    missing = sorted(selection.rows.difference(found))
    if missing:
        raise ValueError(f"--rows: there is no row {missing[0]}; the last is {max(found)}")
    return [row in selection.rows for row in found]


def _fits(name: str, globs: Collection[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
