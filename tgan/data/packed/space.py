"""Disk space that packing will take, estimated before it starts."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from tgan.data.packed.index import Settings
from tgan.data.videos.decode import DecodeError, length_in_header
from tgan.data.videos.scan import Source

# Headers of more files than this are not read: the others are judged by their size in bytes.
_MAX_PROBES = 200
# No frame takes fewer bytes of a file, whatever a damaged header promises.
_LEAST_BYTES = 8


def check_space(sources: Sequence[Source], out: Path, settings: Settings, *, spare: int) -> None:
    """Refuse to start when the packed frames will not fit on the disk of `out`.

    Up to `spare` bytes are wanted besides, for joining parts. What an interrupted run has
    written into `out` counts as available.

    Raises:
        ValueError: with the bytes needed and the bytes free.
    """
    free = shutil.disk_usage(_existing(out)).free + _size(out)

    def needed_for(frames: float) -> float:
        packed = frames * settings.frame_bytes
        return packed + min(packed, spare)

    # To open small files takes as long as to decode some frames.
    if needed_for(_most_frames(sources, settings)) <= free:
        return
    needed = round(
        needed_for(
            estimate_frames(sources, fps=settings.fps) / settings.stride
            + _looped_frames(sources, settings)
        )
    )
    if needed > free:
        raise ValueError(
            f"{out}: packing {len(sources)} videos takes about {_giga(needed)}, but only"
            f" {_giga(free)} are free on its disk"
        )


def estimate_frames(sources: Sequence[Source], *, fps: float | None = None) -> int:
    """Estimate the frames of videos from headers alone; files without a count add 0.

    Args:
        fps: the rate that they are resampled to; None counts them as they are.
    """
    known = sum(source.num_frames for source in sources if source.num_frames is not None)
    unknown = [source.path for source in sources if source.num_frames is None]
    probed = _some(unknown)
    if not probed:
        return known
    frames = sum(_frames(path, fps) for path in probed)
    per_byte = frames / max(1, sum(path.stat().st_size for path in probed))
    if len(probed) == len(unknown):
        return known + frames
    return known + round(per_byte * sum(path.stat().st_size for path in unknown))


def _most_frames(sources: Sequence[Source], settings: Settings) -> float:
    """More frames than the files can hold, judged by their sizes alone."""
    if settings.fps is not None:
        return math.inf
    counts = (source.num_frames or source.path.stat().st_size // _LEAST_BYTES for source in sources)
    return sum(counts) / settings.stride + (settings.loop or 0) * len(sources)


def _looped_frames(sources: Sequence[Source], settings: Settings) -> float:
    """How many frames looping adds: to videos of known length, and to others as to some of them."""
    if settings.loop is None:
        return 0
    known = [source.num_frames for source in sources if source.num_frames is not None]
    unknown = [source.path for source in sources if source.num_frames is None]
    probed = [_frames(path, settings.fps) for path in _some(unknown)]

    def added(lengths: Sequence[int]) -> float:
        # What cannot be decoded is not looped.
        return sum(max(settings.loop - n / settings.stride, 0) for n in lengths if n)

    return added(known) + added(probed) * len(unknown) / max(len(probed), 1)


def _some(paths: Sequence[Path]) -> Sequence[Path]:
    """Evenly spaced files, as many as headers are read of."""
    return paths[:: max(1, -(-len(paths) // _MAX_PROBES))]


def _frames(path: Path, fps: float | None) -> int:
    try:
        count, rate = length_in_header(path)
    except DecodeError:
        return 0
    count = min(count, path.stat().st_size // _LEAST_BYTES)
    return count if fps is None or not rate else round(count * fps / rate)


def _existing(path: Path) -> Path:
    return next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _giga(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.2g} GB" if num_bytes < 1e9 else f"{num_bytes / 1e9:.1f} GB"
