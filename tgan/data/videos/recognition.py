"""What a file is: a video, an array of videos, a strip, the frame of a video, or nothing of it."""

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tgan.data.account import IGNORED, SKIPPED
from tgan.data.files import Entry, is_picture, is_video
from tgan.data.videos.archive import archive_shape, read_archive
from tgan.data.videos.arrays import array_axes, array_shape, read_array
from tgan.data.videos.decode import DecodeError, Recording, read_video
from tgan.data.videos.frame_files import FEW_SQUARES, FrameFiles, frame_files, read_frame_files
from tgan.data.videos.scan import Reading, Scan, Source
from tgan.data.videos.strips import num_strip_frames, read_strip
from tgan.lookup import counted

ARRAY_SUFFIX, ARCHIVE_SUFFIX = ".npy", ".npz"


def add_videos(scan: Scan, found: Sequence[Entry]) -> None:
    """Add the videos of files to a scan, in their order, and enter what is none."""
    reading = scan.reading
    pictures = [] if reading.strips else [entry for entry in found if is_picture(entry.path)]
    beside = {entry.path.parent for entry in found if is_video(entry.path)}
    videos = frame_files(pictures, beside)
    first = {video.entries[0].path: video for video in videos}
    of_frames = {entry.path for video in videos for entry in video.entries}
    several = Counter(video.entries[0].path.parent for video in videos)
    alike = Counter(video.beginning for video in videos)
    for entry in found:
        if entry.path in first:
            video = first[entry.path]
            relative = video.folder if several[entry.path.parent] == 1 else video.beginning
            ending = entry.path.suffix if alike[relative] > 1 else ""
            _add_frames(scan, video, relative + ending)
        elif entry.path not in of_frames:
            _add_file(scan, entry, reading)
            if is_picture(entry.path) and entry.path.parent in beside and not reading.strips:
                _doubt_strip(scan, entry)


def _add_frames(scan: Scan, video: FrameFiles, relative: str) -> None:
    entry, reading = video.entries[0], scan.reading
    name = f"{entry.title}/{relative}" if relative else entry.title
    if video.problem:
        scan.skipped.append((name, video.problem))
        for each in video.entries:
            scan.ledger.enter(each.path, SKIPPED)
        return
    paths = [each.path for each in video.entries]
    source = Source(
        path=paths[0],
        name=name,
        relative=relative or entry.title,
        root=entry.root,
        read=functools.partial(
            read_frame_files, paths, reading.frame_rate, bounds=reading.pixel_bounds
        ),
        num_frames=len(paths),
        others=tuple(paths[1:]),
    )
    scan.sources.append(source)
    if video.gaps:
        before, after = video.gaps[0]
        more = f", and {counted(len(video.gaps) - 1, 'more gap')}" if len(video.gaps) > 1 else ""
        text = f"no frames between {before} and {after}{more}; the others follow one another"
        scan.notes.append((source.name, text))


def _doubt_strip(scan: Scan, entry: Entry) -> None:
    """Tell of a strip beside videos, which may be a poster or a banner; a short one is no strip."""
    if not scan.sources or scan.sources[-1].path != entry.path:
        return
    source = scan.sources[-1]
    if source.num_frames <= FEW_SQUARES:
        scan.sources.pop()
        scan.ledger.enter(entry.path, IGNORED, ending="pictures beside videos")
    else:
        text = f"a picture beside videos, taken as {source.num_frames} frames"
        scan.notes.append((source.name, text))


def _add_file(scan: Scan, entry: Entry, reading: Reading) -> None:
    kind = _kind_of(entry)
    try:
        sources = list(kind(scan, entry, reading)) if kind else []
    except DecodeError as error:
        scan.ledger.enter(entry.path, SKIPPED)
        scan.skipped.append((entry.name, error.reason))
        return
    scan.sources += sources
    if not sources:
        ending = "pictures that are no video" if is_picture(entry.path) else ""
        scan.ledger.enter(entry.path, IGNORED, ending=ending)


# Sources of a file.
Kind = Callable[[Scan, Entry, Reading], Iterator[Source]]


def _kind_of(entry: Entry) -> Kind | None:
    if kind := _KINDS.get(entry.path.suffix.lower()):
        return kind
    if is_picture(entry.path):
        return _strip
    return _video if is_video(entry.path) or entry.path == entry.root else None


def _video(scan: Scan, entry: Entry, reading: Reading) -> Iterator[Source]:
    yield _source(entry, functools.partial(read_video, entry.path))


def _strip(scan: Scan, entry: Entry, reading: Reading) -> Iterator[Source]:
    num_frames = num_strip_frames(entry.path)
    if num_frames or reading.strips or entry.path == entry.root:
        read = functools.partial(
            _at_rate, read_strip, entry.path, reading.pixel_bounds, fps=reading.frame_rate
        )
        yield replace(_source(entry, read), num_frames=num_frames)


def _array(scan: Scan, entry: Entry, reading: Reading) -> Iterator[Source]:
    axes = array_axes(entry.path, reading.axes, least=reading.least)
    count, length = array_shape(entry.path, axes)[:2]
    # Channels are known by their number.
    if axes != reading.axes and "C" not in axes:
        text = f"{counted(count, 'video')} of {counted(length, 'frame')}, taken as axes {axes}"
        scan.notes.append((entry.name, text))
    read = functools.partial(_at_rate, read_array, fps=reading.frame_rate, axes=axes)
    return _rows(entry, read, count=count, num_frames=length)


def _archive(scan: Scan, entry: Entry, reading: Reading) -> Iterator[Source]:
    count, length = archive_shape(entry.path, reading.axes)[:2]
    read = functools.partial(_at_rate, read_archive, fps=reading.frame_rate, axes=reading.axes)
    return _rows(entry, read, count=count, num_frames=length)


_KINDS: dict[str, Kind] = {ARRAY_SUFFIX: _array, ARCHIVE_SUFFIX: _archive}


def _at_rate(
    open_: Callable[..., Recording], *args: Any, fps: float | None, **options: Any
) -> Recording:
    """Open what may state no rate, which is `fps` then."""
    recording = open_(*args, **options)
    return replace(recording, fps=fps) if recording.fps is None else recording


def _rows(
    entry: Entry, read: Callable[..., Recording], *, count: int, num_frames: int
) -> Iterator[Source]:
    """The videos of a file that holds `count` of them."""
    for row in range(count):
        source = _source(entry, functools.partial(read, entry.path, row))
        name = f"{source.name}[{row}]"
        yield replace(source, name=name, row=row, num_frames=num_frames)


def _source(entry: Entry, read: Callable[[], Recording]) -> Source:
    return Source(entry.path, entry.name, entry.relative, read, entry.root)
