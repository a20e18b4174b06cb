"""Videos that files and folders hold, found in an order that depends on their names only."""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tgan.data.files import files_below, is_picture, is_video
from tgan.data.pictures.levels import check_pixel_bounds
from tgan.data.videos.archive import archive_labels, archive_shape, read_archive
from tgan.data.videos.decode import DecodeError, Recording, read_video
from tgan.data.videos.labels import Match, match, read_label_file, read_split_files
from tgan.data.videos.selection import EVERYTHING, Selection, choose_files, choose_rows
from tgan.data.videos.strips import array_shape, num_strip_frames, read_array, read_strip
from tgan.lookup import look_up

ARRAY_SUFFIX, ARCHIVE_SUFFIX = ".npy", ".npz"
# Where classes can come from.
LABELS = ("folders", "csv", "npz")


@dataclass(frozen=True)
class Source:
    """One video to read.

    Attributes:
        name: where it came from, for reports: the name of the file or folder that was searched,
            and the path below it.
        relative: the path below that folder.
        read: opens the video for one reading.
        num_frames: None where only decoding can tell.
        row: the number of the video in a file that holds several.
    """

    path: Path
    name: str
    relative: str
    read: Callable[[], Recording]
    label: str | None = None
    num_frames: int | None = None
    row: int | None = None


@dataclass
class Scan:
    """The videos found by a search.

    Attributes:
        skipped: `(name, reason)` of what cannot be used.
        num_ignored: the number of files in folders that are no videos.
        pixel_bounds: that pictures of more than 8 bits are read by; None for their range.
    """

    sources: list[Source] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    num_ignored: int = 0
    pixel_bounds: tuple[float, float] | None = None


def find_sources(
    paths: Sequence[Path],
    *,
    labels: str | None = None,
    labels_file: Path | None = None,
    labels_key: str | None = None,
    splits: Sequence[Path] = (),
    strips: bool = False,
    pixel_bounds: Sequence[float] | None = None,
    selection: Selection = EVERYTHING,
) -> Scan:
    """Find all videos of files and folders (searched to any depth), sorted by name within each.

    Hidden files and unknown suffixes are passed over; a file reached twice counts once. A picture
    is a strip when its longer side is a multiple of the shorter; other pictures are passed over,
    or reported when `strips` says that all are strips. A `.npy` file holds one video per index
    of its second axis, a `.npz` file one per row of its array `video`.

    Args:
        labels: where classes come from: "folders" (the folder just below each of `paths`), "csv"
            (the two columns of `labels_file`) or "npz" (the array `labels_key` beside the videos).
        splits: lists in UCF-101's format, which choose videos and name their classes.
        pixel_bounds: what becomes black and white in pictures of more than 8 bits, as of
            `tgan.data.pictures.levels.eight_bits`.
        selection: leaves files out before they are opened.

    Raises:
        ValueError: a path that does not exist, no videos, a video outside a class folder, a
            malformed list, no such array of classes, or a selection that fits nothing.

    Example:
        >>> scan = find_sources([Path("UCF-101")], labels="folders")
        >>> [(source.name, source.label) for source in scan.sources]
    """
    _check_labels(labels, labels_file=labels_file, labels_key=labels_key)
    scan = Scan(pixel_bounds=pixel_bounds and check_pixel_bounds(pixel_bounds))
    files = list(_files(paths))
    wanted = choose_files([_relative(path, root) for path, root in files], selection)
    for path, root in itertools.compress(files, wanted):
        _add(scan, path, root, strips=strips)
    wanted = choose_rows([source.row for source in scan.sources], selection)
    scan.sources = list(itertools.compress(scan.sources, wanted))
    if splits:
        names = [source.relative for source in scan.sources]
        _keep(scan, match(names, read_split_files(splits)))
    if labels == "csv":
        _label_by_file(scan, labels_file)
    elif labels == "npz":
        scan.sources = list(_labelled_by_array(scan, labels_key))
    elif labels == "folders" and not splits:
        scan.sources = [_labelled_by_folder(source) for source in scan.sources]
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


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Pairs of a file and the folder that its name is relative to, each file once."""
    seen = set()
    for root in paths:
        if not root.exists():
            raise ValueError(f"no such file or folder: '{root}'")
        for path in files_below(root) if root.is_dir() else [root]:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path, root


def _add(scan: Scan, path: Path, root: Path, *, strips: bool) -> None:
    suffix = path.suffix.lower()
    named_itself = path == root
    try:
        if suffix == ARRAY_SUFFIX:
            length, count = array_shape(path)[:2]
            scan.sources += _rows(path, root, read_array, count=count, num_frames=length)
        elif suffix == ARCHIVE_SUFFIX:
            count, length = archive_shape(path)[:2]
            scan.sources += _rows(path, root, read_archive, count=count, num_frames=length)
        elif is_picture(path):
            num_frames = num_strip_frames(path)
            if num_frames or strips or named_itself:
                read = functools.partial(read_strip, path, scan.pixel_bounds)
                scan.sources.append(_source(path, root, read, num_frames=num_frames))
            else:
                scan.num_ignored += 1
        elif is_video(path) or named_itself:
            scan.sources.append(_source(path, root, functools.partial(read_video, path)))
        else:
            scan.num_ignored += 1
    except DecodeError as error:
        scan.skipped.append((_name(path, root), error.reason))


def _rows(
    path: Path,
    root: Path,
    read: Callable[[Path, int], Recording],
    *,
    count: int,
    num_frames: int,
) -> Iterator[Source]:
    """The videos of a file that holds `count` of them."""
    for row in range(count):
        source = _source(path, root, functools.partial(read, path, row), num_frames=num_frames)
        yield replace(source, name=f"{source.name}[{row}]", row=row)


def _source(
    path: Path, root: Path, read: Callable[[], Recording], *, num_frames: int | None = None
) -> Source:
    return Source(path, _name(path, root), _relative(path, root), read, num_frames=num_frames)


def _relative(path: Path, root: Path) -> str:
    return path.name if path == root else path.relative_to(root).as_posix()


def _name(path: Path, root: Path) -> str:
    if path == root:
        return path.name
    return f"{root.resolve().name}/{path.relative_to(root).as_posix()}"


def _labelled_by_folder(source: Source) -> Source:
    folder, _, rest = source.relative.partition("/")
    if not rest:
        raise ValueError(
            f"'{source.name}' lies in no class folder: for labels 'folders' every video must be in"
            " a folder below the one that is searched"
        )
    return replace(source, label=folder)


def _label_by_file(scan: Scan, labels_file: Path) -> None:
    found = match([source.relative for source in scan.sources], read_label_file(labels_file))
    scan.skipped += [
        (source.name, f"has no label in {labels_file.name}")
        for position, source in enumerate(scan.sources)
        if position not in found.labels
    ]
    _keep(scan, found)


def _labelled_by_array(scan: Scan, key: str) -> Iterator[Source]:
    columns: dict[Path, list[str]] = {}
    for source in scan.sources:
        if source.path.suffix.lower() != ARCHIVE_SUFFIX:
            raise ValueError(f"'{source.name}' is in no .npz file, as labels 'npz' needs")
        if source.path not in columns:
            columns[source.path] = _column(scan, source, key)
        if columns[source.path]:
            yield replace(source, label=columns[source.path][source.row])


def _column(scan: Scan, source: Source, key: str) -> list[str]:
    """The classes in an archive; nothing of one that has none, which is reported."""
    try:
        return archive_labels(source.path, key)
    except DecodeError as error:
        scan.skipped.append((source.name.rpartition("[")[0], error.reason))
        return []


def _keep(scan: Scan, found: Match) -> None:
    """Reduce the scan to the videos that have been given a label, in their order."""
    scan.sources = [
        replace(source, label=found.labels[position])
        for position, source in enumerate(scan.sources)
        if position in found.labels
    ]
    scan.skipped += found.missing


def _nothing(paths: Sequence[Path], scan: Scan) -> str:
    where = ", ".join(f"'{path}'" for path in paths)
    if scan.skipped:
        name, reason = scan.skipped[0]
        return f"no videos in {where}: {len(scan.skipped)} skipped, the first is {name}: {reason}"
    return f"no videos in {where} ({scan.num_ignored} other files)"
