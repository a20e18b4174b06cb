"""Classes and splits as folders name them."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

# Folders that name a part of a data set, not a class: `train`, `val_256`, `test_set`.
_SPLIT = re.compile(
    r"(train|training|val|valid|validation|dev|test|testing)"
    r"([ _-]?(\d+|set|data|split|videos?|images?|frames?|clips?))*",
    re.IGNORECASE,
)
# How programs write that there is nothing, in lower case.
_MISSING = frozenset(
    {"", "-", "?", "#n/a", "<na>", "n.a.", "n/a", "na", "nan", "nat", "nil", "none", "null"}
)


def class_folders(paths: Sequence[str]) -> list[str | None]:
    """Name the class of each file by the folder just below the one that was searched.

    Where these are all names of splits (`train/jump/0.mp4`), it is the folder below that.

    Args:
        paths: relative to the folder that was searched, with `/`.

    Returns:
        Names of folders; None for a file that lies in no folder.

    Example:
        >>> class_folders(["jump/0.mp4", "wave/0.mp4", "1.mp4"])
        ['jump', 'wave', None]
    """
    folders = [path.split("/")[:-1] for path in paths]
    depth = int(bool(splits_of(paths)))
    return [f[depth] if len(f) > depth else None for f in folders]


def splits_of(paths: Sequence[str]) -> list[str]:
    """Name the splits that files lie in, if nothing else lies in the folder that was searched."""
    found = {path.partition("/")[0] if "/" in path else "" for path in paths}
    return sorted(found) if found and all(map(_SPLIT.fullmatch, found)) else []


def note_on_splits(paths: Sequence[str]) -> str | None:
    """Say that folders are taken for splits; None where they are not."""
    found = splits_of(paths)
    return f"folders of splits, {', '.join(found)}, with classes below" if found else None


def doubtful(labels: Collection[str]) -> Iterator[tuple[str, str]]:
    """Name classes that may not have been meant so, and say why.

    A reader cannot tell them apart, or hardly: they differ in upper case, in blanks at their ends,
    or in how accents are coded, as the names of files do that come from macOS. Or they are called
    as programs write what is missing.

    Example:
        >>> list(doubtful(["Jump", "jump", "wave", "NaN"]))
        [('Jump', "is a class beside 'jump': they differ in case, blanks or coding of accents"),
         ('NaN', 'is a class; where it means that there is none, leave its files out')]
    """
    alike = defaultdict(list)
    for label in sorted(labels):
        alike[unicodedata.normalize("NFC", label).casefold().strip()].append(label)
    for plain, (first, *others) in alike.items():
        if plain in _MISSING:
            yield first, "is a class; where it means that there is none, leave its files out"
        if others:
            names = ", ".join(f"'{other}'" for other in others)
            text = f"is a class beside {names}: they differ in case, blanks or coding of accents"
            yield first, text
