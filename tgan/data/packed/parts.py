"""Parts of a packed folder: a few videos each, decoded into one file by any process.

Nothing waits for the disk here. A part whose process is killed has no record, and one that a
crash of the system has spoilt is not what its record says; both are made again.
"""

import json
import os
import signal
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import av

from tgan.data.channels import with_channels
from tgan.data.packed.index import Settings
from tgan.data.videos.decode import DecodeError
from tgan.data.videos.frames import Fitter
from tgan.data.videos.orientation import displayed_size
from tgan.data.videos.rates import Paced
from tgan.data.videos.scan import Source
from tgan.lookup import counted
from tgan.system.lifetime import end_with_parent

# Bytes that are written and read at a time: several frames, and less than a cache holds.
BLOCK = 2**20


@dataclass(frozen=True)
class Job:
    """Sources that become part number `number`."""

    number: int
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Part:
    """Result of a job.

    Attributes:
        videos: in the order of their frames in the part file, each with source, frames, fps,
            width, height, remarks and the name of its class.
        skipped, too_short: `(name, reason)` of the others.
    """

    videos: list[dict] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    too_short: list[tuple[str, str]] = field(default_factory=list)

    @property
    def num_frames(self) -> int:
        """Frames in the part file."""
        return sum(video["frames"] for video in self.videos)


def frames_path(folder: Path, number: int) -> Path:
    """Return the path of the raw uint8 frames of a part."""
    return folder / f"{number:08d}.frames"


def read_part(folder: Path, number: int, settings: Settings) -> Part | None:
    """Read what an earlier run wrote of a part; None if it did not finish it."""
    try:
        content = json.loads(_record_path(folder, number).read_text(encoding="utf-8"))
        part, checksum = Part(**content["part"]), content["checksum"]
        size = frames_path(folder, number).stat().st_size
        if size != part.num_frames * settings.frame_bytes:
            return None
        return part if _checksum(frames_path(folder, number)) == checksum else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def remove_part(folder: Path, number: int) -> None:
    """Delete a part's files, the record first: without it the frames count for nothing."""
    _record_path(folder, number).unlink(missing_ok=True)
    frames_path(folder, number).unlink(missing_ok=True)


def running_jobs(folder: Path) -> list[int]:
    """List the numbers of the parts that were begun and not finished."""
    return sorted(int(path.name.split(".")[0]) for path in folder.glob("*.frames.tmp-*"))


def clear_unfinished(folder: Path) -> None:
    """Delete what processes that are no more were in the middle of writing."""
    for leftover in folder.glob("*.tmp-*"):
        leftover.unlink(missing_ok=True)


def pack_part(job: Job, folder: Path, settings: Settings) -> Part:
    """Decode a job's videos into its part file; each file appears whole or not at all.

    Videos that cannot be decoded are noted in the part, not raised.

    Raises:
        OSError: the disk is full, say; nothing is left behind.
    """
    part = Part()
    path = frames_path(folder, job.number)
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    record = _record_path(folder, job.number)
    try:
        with temporary.open("w+b", buffering=BLOCK) as file:
            for source in job.sources:
                _pack_video(source, file, part, settings)
        content = {"part": vars(part), "checksum": _checksum(temporary)}
        temporary.replace(path)
        temporary = record.with_name(f"{record.name}.tmp-{os.getpid()}")
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.replace(record)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return part


def start_worker() -> None:
    """Set up a worker process: its parent handles interrupts, and it ends when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()


def _pack_video(source: Source, file: BinaryIO, part: Part, settings: Settings) -> None:
    start = file.tell()
    try:
        video = _write_frames(source, file, settings)
    except DecodeError as error:
        part.skipped.append((source.name, error.reason))
    else:
        if video["frames"] >= settings.min_frames:
            part.videos.append(video)
            return
        frames = counted(video["frames"], "frame")
        # In these words since the first release: the reason is part of `index.json`.
        reason = f"{frames}, fewer than --min-frames {settings.min_frames}"
        part.too_short.append((source.name, reason))
    file.seek(start)
    file.truncate()


def _write_frames(source: Source, file: BinaryIO, settings: Settings) -> dict:
    recording = source.read()
    frames = Paced(recording, settings.fps, source.path)
    fit = Fitter(settings.resolution, aspect=settings.aspect, pixel_aspect=recording.pixel_aspect)
    count, fitted, pixels = 0, None, b""
    for position, frame in enumerate(frames):
        if not position:
            size = displayed_size(frame)
        if position % settings.stride:
            continue
        if frame is not fitted:
            fitted, pixels = frame, _fit(fit, frame, source, settings)
        file.write(pixels)
        count += 1
    if not count:
        raise DecodeError(source.path, "no pictures in its video stream")
    missing = max((settings.loop or 0) - count, 0)
    _repeat(file, count * settings.frame_bytes, missing * settings.frame_bytes)
    return {
        "source": source.name,
        "frames": count + missing,
        "fps": frames.fps / settings.stride if frames.fps else None,
        "width": size[0],
        "height": size[1],
        "label": source.label,
        "remarks": frames.remarks,
    }


def _fit(fit: Fitter, frame: av.VideoFrame, source: Source, settings: Settings) -> bytes:
    try:
        return with_channels(fit(frame), settings.channels).tobytes()
    except (ValueError, OSError) as error:
        reason = f"cannot convert {frame.format.name} to RGB ({error})"
        raise DecodeError(source.path, reason) from error


def _repeat(file: BinaryIO, last: int, missing: int) -> None:
    """Append `missing` bytes: the `last` bytes of the file over and over again."""
    while missing:
        file.seek(-last, os.SEEK_END)
        again = file.read(min(last, missing))
        file.seek(0, os.SEEK_END)
        file.write(again)
        missing -= len(again)


def _record_path(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.json"


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum
