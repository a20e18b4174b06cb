"""Lists of videos and their classes, in the formats of the field's data sets.

Tables with a separator (CSV, tabs, semicolons, spaces; UCF-101's and HMDB-51's lists, Kinetics'
and SlowFast's tables, Hugging Face's `metadata.csv`) and JSON (Something-Something's,
Kinetics' `.json`, Hugging Face's `metadata.jsonl`).
"""

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

# Columns that name files and classes, the surest first.
FILES = (
    *("file", "filename", "file_name", "file_path", "filepath", "video_path", "path", "video"),
    *("video_name", "video_file", "name", "clip", "video_id", "youtube_id", "id"),
)
# Something-Something's labels are captions; its classes are the templates of these.
CLASSES = (
    *("template", "label", "class", "class_name", "label_name", "category", "action", "activity"),
    *("text", "caption", "tag", "verb", "label_id", "class_id", "target"),
)
# Kinetics' tables: clips are called `ID_000010_000020`.
_START, _END = "time_start", "time_end"
# HMDB-51's lists: videos of a class, the training part and the test part.
_OF_CLASS = re.compile(r"(.+)_test_split\d+")
_SEPARATORS = "\t;, "


@dataclass(frozen=True)
class Row:
    """One line of a list: a video file, its class, and the list's own name for reports."""

    file: str
    label: str
    listed_in: str


def read_list(path: Path, columns: Sequence[str] | None = None) -> list[Row]:
    """Read a list of files and classes.

    The first line is a heading where one of its cells is a usual name of a column of files, or
    where `columns` name its cells.

    Args:
        columns: names of the columns of files and of classes in the heading, or their numbers,
            from 1 on; None finds them.

    Raises:
        ValueError: a list that cannot be read or is empty, a line without a file or class, or
            columns that are not to be told apart.

    Example:
        >>> read_list(Path("labels.csv"), columns=("clip", "verb"))[0]
        Row(file='0001.mp4', label='open', listed_in='labels.csv')
    """
    text = _text(path)
    read = _read_json if path.suffix.lower() in (".json", ".jsonl", ".ndjson") else _read_table
    rows = [Row(file, label, path.name) for file, label in read(path, text, columns)]
    if not rows:
        raise ValueError(f"no videos listed in {path}")
    return rows


def read_splits(paths: Sequence[Path]) -> list[Row]:
    """Read lists of which videos to take, whose folders or own names are the classes.

    UCF-101's: `Class/video.avi`, in train lists followed by the class's number. HMDB-51's
    `CLASS_test_split1.txt`: `video.avi 1`, where 1 is the training part, 2 the test part, and
    what has 0 is in neither; a list's name with `#train` or `#test` at its end chooses one.

    Raises:
        ValueError: a list that cannot be read or is empty, or a line without a class folder.
    """
    rows = [row for path in paths for row in _read_split(path)]
    if not rows:
        raise ValueError(f"no videos listed in {', '.join(str(path) for path in paths)}")
    return rows


def lists_of_both_parts(paths: Sequence[Path]) -> list[str]:
    """Name those of HMDB-51's lists of which no part is chosen."""
    return [path.name for path in paths if _OF_CLASS.fullmatch(path.stem) and "#" not in path.name]


def _read_split(path: Path) -> list[Row]:
    name, _, part = path.name.partition("#")
    path = path.with_name(name)
    lines = [line.strip() for line in _text(path).splitlines()]
    of_class = _OF_CLASS.fullmatch(path.stem)
    if of_class:
        wanted = {"": "12", "train": "1", "test": "2"}
        if part not in wanted:
            raise ValueError(f"{path}: '#{part}' is no part; choose from #train, #test")
        pairs = [line.rpartition(" ")[::2] for line in lines if line]
        return [Row(f.strip(), of_class[1], name) for f, code in pairs if code in wanted[part]]
    return [_split_row(path, line) for line in lines if line]


def _split_row(path: Path, line: str) -> Row:
    file = re.sub(r"\s+\d+$", "", line)
    label = PurePosixPath(file.replace("\\", "/")).parent.name
    if not label:
        raise ValueError(
            f"{path}: expected lines like 'Archery/v_Archery_g01_c01.avi 1', got {line!r}"
        )
    return Row(file, label, path.name)


def _read_table(path: Path, text: str, columns: Sequence[str] | None) -> list[tuple[str, str]]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        return []
    separator = _separator([line for _, line in lines])
    table = [(number, _cells(line, separator)) for number, line in lines]
    heading = table[0][1]
    found = _by_heading(path, heading, columns)
    if found is not None:
        table = table[1:]
    get = found or _by_number(path, table, columns)
    return [get(path, number, cells) for number, cells in table]


Get = Callable[[Path, int, list[str]], tuple[str, str]]


def _by_heading(path: Path, heading: list[str], columns: Sequence[str] | None) -> Get | None:
    """How to take file and class from a line, if the first line is a heading."""
    names = [cell.strip().lower().replace(" ", "_") for cell in heading]
    if columns is not None:
        if all(column.isdigit() for column in columns):
            # Numbers say nothing of a heading: it is one if it looks like one.
            return (
                None
                if not set(names) & {*FILES, *CLASSES}
                else _columns([int(column) - 1 for column in columns], len(heading))
            )
        missing = [c for c in columns if c.lower().replace(" ", "_") not in names]
        if missing:
            raise ValueError(f"{path} has no column '{missing[0]}'; it has {', '.join(heading)}")
        return _columns([names.index(c.lower().replace(" ", "_")) for c in columns], len(names))
    file = next((names.index(name) for name in FILES if name in names), None)
    if file is None:
        return None
    label = next((names.index(name) for name in CLASSES if name in names), None)
    if label is None:
        if len(names) != 2:
            raise ValueError(
                f"{path}: no column of its heading '{','.join(heading)}' is known to name classes; "
                "say which two by columns"
            )
        label = 1 - file
    if _START in names and _END in names and names[file] in ("youtube_id", "video_id", "id"):
        return _kinetics(file, names.index(_START), names.index(_END), label)
    return _columns([file, label], len(names))


def _by_number(
    path: Path, table: Sequence[tuple[int, list[str]]], columns: Sequence[str] | None
) -> Get:
    number, cells = table[0]
    if columns is not None:
        if not all(column.isdigit() for column in columns):
            raise ValueError(f"{path} has no heading with {', '.join(columns)}")
        return _columns([int(column) - 1 for column in columns], len(cells))
    if len(cells) != 2:
        raise ValueError(
            f"{path} line {number}: expected 'file,label', got {','.join(cells)!r}; a heading, or "
            "columns, say which of several are meant"
        )
    return _columns([0, 1], 2)


def _columns(places: Sequence[int], count: int) -> Get:
    def get(path: Path, number: int, cells: list[str]) -> tuple[str, str]:
        found = [cells[place].strip() if 0 <= place < len(cells) else "" for place in places]
        if len(cells) != count or not all(found):
            raise ValueError(
                f"{path} line {number}: expected 'file,label', got {','.join(cells)!r}"
                + (f" ({count} columns are needed)" if len(cells) != count else "")
            )
        return found[0], found[1]

    return get


def _kinetics(file: int, start: int, end: int, label: int) -> Get:
    def get(path: Path, number: int, cells: list[str]) -> tuple[str, str]:
        try:
            first, last = (round(float(cells[place])) for place in (start, end))
            return f"{cells[file].strip()}_{first:06d}_{last:06d}", cells[label].strip()
        except (ValueError, IndexError, OverflowError):
            raise ValueError(f"{path} line {number}: no times in {','.join(cells)!r}") from None

    return get


def _separator(lines: Sequence[str]) -> str:
    """The one that splits every line into as many cells, two or more; a comma if none does."""
    for separator in _SEPARATORS:
        counts = {len(_cells(line, separator)) for line in lines}
        if len(counts) == 1 and min(counts) > 1:
            return separator
    return ","


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader([line.strip()], delimiter=separator, skipinitialspace=True))


def _read_json(path: Path, text: str, columns: Sequence[str] | None) -> list[tuple[str, str]]:
    if path.suffix.lower() == ".json":
        content = _parsed(path, text)
        items = content if isinstance(content, list) else _of_table(path, content)
    else:
        lines = [line for line in text.splitlines() if line.strip()]
        items = [_parsed(path, line) for line in lines]
    return [_pair(path, number, item, columns) for number, item in enumerate(items, 1)]


def _of_table(path: Path, content: Any) -> list[Any]:
    """Rows of an object with a key per file: its class, or an object with it (Kinetics)."""
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no list of videos")
    return [
        {"file": file, **(about if isinstance(about, dict) else {"label": about})}
        for file, about in content.items()
    ]


def _pair(path: Path, number: int, item: Any, columns: Sequence[str] | None) -> tuple[str, str]:
    about = item | item["annotations"] if _has_annotations(item) else item
    if isinstance(about, dict):
        names = [columns] if columns else [FILES, CLASSES]
        chosen = columns or [next((n for n in known if n in about), "") for known in names]
        found = [about.get(name) for name in chosen]
        if all(isinstance(value, str | int) and str(value) for value in found):
            return str(found[0]), str(found[1])
    raise ValueError(f"{path}: entry {number} names no file and class: {str(item)[:80]!r}")


def _has_annotations(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("annotations"), dict)


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error})") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ValueError(f"cannot read {path}: {reason}") from error
