"""Preparation of videos: files of any format become a packed folder, in one call."""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tgan.data.packed.index import INDEX_NAME, Index, Settings
from tgan.data.packed.pack import pack
from tgan.data.pictures.levels import check_pixel_bounds
from tgan.data.videos.remarks import Remarked, remarks_on
from tgan.data.videos.selection import Selection
from tgan.data.videos.sources import find_sources
from tgan.lookup import counted

# Far more than a machine has processors.
MOST_WORKERS = 1024


@dataclass(frozen=True, repr=False)
class Prepared:
    """A packed folder, and what became of the files that it was made of.

    Attributes:
        path: the folder.
        index: its videos, their classes, `(name, reason)` of those that were left out, and the
            account of all files.
        is_new: whether this call made it; if not, it was complete already.
    """

    path: Path
    index: Index
    is_new: bool

    def __str__(self) -> str:
        """How many videos, frames and classes were kept, and how many videos were not."""
        index, settings = self.index, self.index.settings
        shape = f"{settings.resolution}x{settings.resolution}x{settings.channels}"
        megabytes = index.num_frames * settings.frame_bytes / 1e6
        return (
            f"{counted(len(index.videos), 'video')} kept ({counted(index.num_frames, 'frame')} of"
            f" {shape}, {megabytes:.1f} MB), {counted(len(index.labels), 'class', 'classes')},"
            f" {len(index.skipped)} skipped, {len(index.too_short)} too short"
        )

    @property
    def remarks(self) -> list[str]:
        """Lines on what is worth knowing about the videos that were kept."""
        videos = self.index.videos
        return list(remarks_on(Remarked(v.source, v.fps, v.remarks) for v in videos))

    def __repr__(self) -> str:
        return f"<packed folder '{self.path}': {self}>"


def prepare(
    source: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    resolution: int = 64,
    channels: int = 3,
    fps: float | None = None,
    stride: int = 1,
    min_frames: int = 16,
    aspect: str = "crop",
    loop: int | None = None,
    labels: str | None = None,
    labels_file: Path | str | None = None,
    labels_columns: Sequence[str] | None = None,
    labels_key: str | None = None,
    splits: Sequence[Path | str] = (),
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    rows: Iterable[int] | None = None,
    strips: bool = False,
    axes: str | None = None,
    frame_rate: float | None = None,
    pixel_bounds: Sequence[float] | None = None,
    workers: int | None = None,
    strict: bool = False,
) -> Prepared:
    """Pack videos into a folder of memory-mapped frames, which training reads fast.

    A call that is interrupted goes on where it stopped when it is made again; a folder that is
    complete is left as it is. The bytes do not depend on `workers`.

    Args:
        source: files and folders (searched to any depth), one or several.
        out: a new or empty folder.
        resolution: height and width of a frame.
        channels: 3 for RGB, 1 for grey.
        fps: videos are resampled to so many frames a second; None takes every frame once,
            whatever its time.
        stride: every stride-th frame (after resampling) is kept.
        min_frames: videos that keep fewer frames are left out.
        aspect: "crop" keeps the middle square of a frame, "stretch" all of it.
        loop: videos with fewer frames are repeated until they have so many.
        labels, labels_file, labels_columns, labels_key: where the classes of the videos come
            from, see `tgan.data.videos.sources.find_sources`.
        splits: lists in the format of UCF-101 or HMDB-51: which videos to take, and their
            classes.
        only, exclude: patterns of paths below `source`, see
            `tgan.data.videos.selection.Selection`.
        rows: numbers of the videos to take from arrays that hold several.
        strips: every picture has to be a strip of square frames; others are reported.
        axes: order of the axes of arrays, such as TNHW, see `tgan.data.videos.arrays.axes_of`.
        frame_rate: of folders of frames, strips and arrays, which state none.
        pixel_bounds: the numbers that become black and white in pictures of more than 8 bits;
            None for the range that a picture can hold.
        workers: processes; None for one per processor.
        strict: stop at what is left out without being asked for: what cannot be decoded or is
            too short, duplicates, broken links, rows of lists without a video.

    Raises:
        ValueError: nothing there, a setting out of range, an `out` that holds other things or lies
            inside a source, or as `find_sources` and `tgan.data.packed.pack.pack`.
        OSError: the disk is full, or a worker process died; the finished part stays.

    Example:
        >>> prepare("my_videos", "data/mine", labels="folders", resolution=32)
        <packed folder 'data/mine': 12 videos kept (1,440 frames of 32x32x3, 4.4 MB), ...>
    """
    sources = [Path(path) for path in ([source] if isinstance(source, Path | str) else source)]
    out = Path(out)
    if frame_rate is not None and not 0 < frame_rate < math.inf:
        raise ValueError(f"frame_rate must be above 0, not {frame_rate}")
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise ValueError(f"workers must be from 1 to {MOST_WORKERS:,}, not {workers}")
    _check_outside(out, sources)
    settings = Settings(
        resolution=resolution,
        channels=channels,
        stride=stride,
        min_frames=min_frames,
        aspect=aspect,
        loop=loop,
        fps=fps,
    )
    selection = Selection(tuple(only), tuple(exclude), None if rows is None else frozenset(rows))
    scan = find_sources(
        sources,
        labels=labels,
        labels_file=None if labels_file is None else Path(labels_file),
        labels_columns=labels_columns,
        labels_key=labels_key,
        splits=[Path(path) for path in splits],
        strips=strips,
        axes=axes,
        least=1 if loop else min_frames,
        frame_rate=frame_rate,
        pixel_bounds=None if pixel_bounds is None else check_pixel_bounds(pixel_bounds),
        selection=selection,
    )
    is_new = not (out / INDEX_NAME).exists()
    index = pack(scan, out, settings, workers=workers or os.cpu_count() or 1, strict=strict)
    return Prepared(out, index, is_new)


def _check_outside(out: Path, sources: Sequence[Path]) -> None:
    """Refuse a folder that the next search of the sources would find."""
    place = out.resolve()
    for source in sources:
        if place == source.resolve() or source.resolve() in place.parents:
            raise ValueError(f"{out} lies inside the source {source}")
