"""Videos that files and folders hold, found in an order that depends on their names only."""

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tgan.data.account import DUPLICATE, LEFT_OUT, SKIPPED
from tgan.data.class_folders import class_folders, doubtful, note_on_splits
from tgan.data.files import Entry, entries
from tgan.data.videos.archive import archive_labels
from tgan.data.videos.arrays import check_axes
from tgan.data.videos.decode import DecodeError
from tgan.data.videos.labels import Match, Place, match
from tgan.data.videos.lists import Row, lists_of_both_parts, read_list, read_splits
from tgan.data.videos.recognition import ARCHIVE_SUFFIX, add_videos
from tgan.data.videos.scan import Reading, Scan, Source
from tgan.data.videos.selection import EVERYTHING, Selection, choose_files, choose_rows
from tgan.lookup import look_up

# Where classes can come from.
LABELS = ("folders", "csv", "npz")


def find_sources(
    paths: Sequence[Path],
    *,
    labels: str | None = None,
    labels_file: Path | None = None,
    labels_columns: Sequence[str] | None = None,
    labels_key: str | None = None,
    splits: Sequence[Path] = (),
    strips: bool = False,
    axes: str | None = None,
    least: int = 16,
    frame_rate: float | None = None,
    pixel_bounds: Sequence[float] | None = None,
    selection: Selection = EVERYTHING,
) -> Scan:
    """Find all videos of files and folders (searched to any depth), sorted by name within each.

    Links are followed. Hidden files and unknown suffixes are passed over; a file reached twice
    counts once for each class. A picture is a strip when its longer side is a multiple of the
    shorter; pictures of one folder whose names differ in a number are the frames of a video;
    others are passed over, or reported when `strips` says that all are strips. A `.npy` file
    holds one or several videos, a `.npz` file one per row of its array `video`.

    Args:
        labels: where classes come from: "folders" (the folder just below each of `paths`, or
            below folders that name splits), "csv" (the list `labels_file`, see
            `tgan.data.videos.lists.read_list`) or "npz" (the array `labels_key` beside the
            videos).
        splits: lists in the format of UCF-101 or HMDB-51, which choose videos and name their
            classes.
        axes: order of the axes of arrays, see `tgan.data.videos.arrays.axes_of`.
        least: frames that a video has at least, to tell the axes of an array by.
        frame_rate: of strips, arrays and folders of frames, which state none.
        pixel_bounds: what becomes black and white in pictures of more than 8 bits.
        selection: leaves files out before they are opened.

    Raises:
        ValueError: a path that does not exist, no videos, a video outside a class folder, a
            malformed list, no such array of classes, or a selection that fits nothing.

    Example:
        >>> scan = find_sources([Path("UCF-101")], labels="folders")
        >>> [(source.name, source.label) for source in scan.sources]
    """
    _check_labels(labels, labels_file=labels_file, labels_key=labels_key)
    check_axes(axes)
    scan = Scan(Reading(strips, axes, least, frame_rate, pixel_bounds))
    files = [entry for entry in _found(paths) if scan.ledger.usable(entry)]
    wanted = choose_files([entry.relative for entry in files], selection)
    for entry in itertools.compress(files, [not chosen for chosen in wanted]):
        scan.ledger.enter(entry.path, LEFT_OUT)
    add_videos(scan, list(itertools.compress(files, wanted)))
    wanted = choose_rows([source.row for source in scan.sources], selection)
    scan.drop(list(itertools.compress(scan.sources, [not w for w in wanted])), LEFT_OUT)
    if splits:
        _label_by_list(scan, read_splits(splits), otherwise=LEFT_OUT)
        text = "lists videos to train on and to test on, and both are taken; #train, #test choose"
        scan.notes += [(name, text) for name in lists_of_both_parts(splits)]
    if labels == "csv":
        rows = read_list(labels_file, labels_columns)
        reason = f"has no label in {labels_file.name}"
        _label_by_list(scan, rows, otherwise=SKIPPED, reason=reason)
    elif labels == "npz":
        _label_by_array(scan, labels_key)
    elif labels == "folders" and not splits:
        _label_by_folder(scan)
    _drop_duplicates(scan)
    scan.notes += doubtful({s.label for s in scan.sources if s.label is not None})
    if not scan.sources:
        raise ValueError(_nothing(paths, scan))
    return scan


def _check_labels(labels: str | None, *, labels_file: Path | None, labels_key: str | None) -> None:
    if labels is not None:
        look_up(dict.fromkeys(LABELS), labels, kind="labels")
    for kind, name, value in (
        ("csv", "labels_file", labels_file),
        ("npz", "labels_key", labels_key),
    ):
        if (labels == kind) != (value is not None):
            raise ValueError(f"labels '{kind}' and {name} go together")


def _found(paths: Sequence[Path]) -> Iterator[Entry]:
    """All that lies at or below some paths; a path that is reached twice counts once."""
    paths = list(dict.fromkeys(paths))
    titles = Counter(path.resolve().name for path in paths)
    seen = set()
    for root in paths:
        if not root.exists():
            raise ValueError(f"no such file or folder: '{root}'")
        title = root.name if root.is_file() else root.resolve().name
        for entry in entries(root, title if titles[root.resolve().name] == 1 else str(root)):
            if entry.path not in seen:
                seen.add(entry.path)
                yield entry


def _label_by_folder(scan: Scan) -> None:
    """By the folders below each root."""
    of_root: dict[Path, list[int]] = {}
    for position, source in enumerate(scan.sources):
        of_root.setdefault(source.root, []).append(position)
    for positions in of_root.values():
        sources = [scan.sources[position] for position in positions]
        paths = [source.relative for source in sources]
        classes = class_folders(paths)
        if note := note_on_splits(paths):
            scan.notes.append((sources[0].name.partition("/")[0], f"{note}; only takes one"))
        for position, source, label in zip(positions, sources, classes, strict=True):
            if label is None:
                raise ValueError(
                    f"'{source.name}' lies in no class folder: for labels 'folders' every video "
                    "must be in a folder below the one that is searched"
                )
            scan.sources[position] = replace(source, label=label)


def _label_by_list(scan: Scan, rows: Sequence[Row], *, otherwise: str, reason: str = "") -> None:
    """Keep the videos that a list names; the others have the fate `otherwise`."""
    places = [Place(source.relative, _folder_of(source)) for source in scan.sources]
    found: Match = match(places, rows)
    others = [s for position, s in enumerate(scan.sources) if position not in found.labels]
    labels = [found.labels[position] for position in sorted(found.labels)]
    scan.drop(others, otherwise, reason)
    scan.sources = [replace(s, label=x) for s, x in zip(scan.sources, labels, strict=True)]
    scan.unmatched += found.missing


def _folder_of(source: Source) -> str:
    is_folder = source.root != source.path
    return str((source.root if is_folder else source.root.parent).absolute())


def _label_by_array(scan: Scan, key: str) -> None:
    columns: dict[Path, list[str]] = {}
    for source in scan.sources:
        if source.path.suffix.lower() != ARCHIVE_SUFFIX:
            raise ValueError(f"'{source.name}' is in no .npz file, as labels 'npz' needs")
        if source.path not in columns:
            columns[source.path] = _column(scan, source, key)
    scan.drop([source for source in scan.sources if not columns[source.path]], SKIPPED)
    scan.sources = [replace(s, label=columns[s.path][s.row]) for s in scan.sources]


def _column(scan: Scan, source: Source, key: str) -> list[str]:
    """The classes in an archive; nothing of one that has none, which is reported."""
    try:
        return archive_labels(source.path, key)
    except DecodeError as error:
        scan.skipped.append((source.name.rpartition("[")[0], error.reason))
        return []


def _drop_duplicates(scan: Scan) -> None:
    """Keep the first of the videos that are one file, by links, once for each class."""
    first: dict[tuple[str, int | None, str | None], str] = {}
    again = []
    for source in scan.sources:
        known_by = (os.path.realpath(source.path), source.row, source.label)
        if first.setdefault(known_by, source.name) != source.name:
            again.append(source)
            scan.ledger.reasons.append((source.name, f"is {first[known_by]}, by a link"))
    scan.drop(again, DUPLICATE)


def _nothing(paths: Sequence[Path], scan: Scan) -> str:
    where = ", ".join(f"'{path}'" for path in paths)
    problems = [*scan.skipped, *scan.unmatched, *scan.ledger.reasons]
    if problems:
        name, reason = problems[0]
        return f"no videos in {where}: {len(problems)} skipped, the first is {name}: {reason}"
    return f"no videos in {where} ({scan.account()})"
