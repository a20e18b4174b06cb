"""Lists of videos and their classes: CSV files, and UCF-101's train and test lists."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

# The first row of a label file is a heading when its first cell is one of these.
_HEADINGS = frozenset({"file", "filename", "file_name", "name", "path", "video", "video_name"})


@dataclass(frozen=True)
class Row:
    """One line of a list: a video file, its class, and the list's own name for reports."""

    file: str
    label: str
    listed_in: str


@dataclass
class Match:
    """Classes by position in the videos, and `(file, reason)` of rows without a video."""

    labels: dict[int, str] = field(default_factory=dict)
    missing: list[tuple[str, str]] = field(default_factory=list)


def match(videos: Sequence[str], rows: Iterable[Row]) -> Match:
    """Find each row's file among `videos`, paths relative to their source, with `/`.

    A row names a relative path, or only a file name if that is unambiguous.

    Raises:
        ValueError: two rows give one video two classes.
    """
    exact, by_name = defaultdict(list), defaultdict(list)
    for position, video in enumerate(videos):
        exact[video].append(position)
        by_name[PurePosixPath(video).name].append(position)
    found = Match()
    for row in rows:
        name = PurePosixPath(row.file).name
        positions = exact.get(row.file) or by_name.get(name, [])
        paths = {videos[position] for position in positions}
        if len(paths) == 1:
            _assign(found.labels, positions, row)
        else:
            reason = f"{len(paths)} files have this name" if paths else "no such file"
            found.missing.append((row.file, f"listed in {row.listed_in}, but {reason}"))
    return found


def read_split_files(paths: Sequence[Path]) -> list[Row]:
    """Read UCF-101's lists: `Class/video.avi`, in train lists followed by the class's number.

    Raises:
        ValueError: a list that cannot be read or is empty, or a line without a class folder.
    """
    rows = []
    for path in paths:
        lines = [line.strip() for line in _text(path).splitlines()]
        rows += [_split_row(path, line) for line in lines if line]
    if not rows:
        raise ValueError(f"no videos listed in {', '.join(str(path) for path in paths)}")
    return rows


def read_label_file(path: Path) -> list[Row]:
    """Read a CSV file with two columns, file and label; a heading is passed over.

    Raises:
        ValueError: a file that cannot be read or is empty, or a row without two columns.
    """
    rows = []
    for number, cells in enumerate(csv.reader(_text(path).splitlines()), start=1):
        cells = [cell.strip() for cell in cells]
        if not any(cells) or (number == 1 and cells[0].lower() in _HEADINGS):
            continue
        if len(cells) != 2 or not all(cells):
            raise ValueError(
                f"{path} line {number}: expected 'file,label', got {','.join(cells)!r}"
            )
        rows.append(Row(cells[0], cells[1], path.name))
    if not rows:
        raise ValueError(f"no videos listed in {path}")
    return rows


def _assign(labels: dict[int, str], positions: Iterable[int], row: Row) -> None:
    for position in positions:
        if labels.setdefault(position, row.label) != row.label:
            raise ValueError(
                f"{row.listed_in} gives {row.file} two labels: '{labels[position]}' and"
                f" '{row.label}'"
            )


def _split_row(path: Path, line: str) -> Row:
    file = re.sub(r"\s+\d+$", "", line)
    label = PurePosixPath(file).parent.name
    if not label:
        raise ValueError(
            f"{path}: expected lines like 'Archery/v_Archery_g01_c01.avi 1', got {line!r}"
        )
    return Row(file, label, path.name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ValueError(f"cannot read {path}: {reason}") from error
