"""Clips of video files that are not packed, decoded when they are asked for."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from tqdm import tqdm

from tgan.data.account import SKIPPED, TOO_SHORT
from tgan.data.channels import with_channels
from tgan.data.spans import check_start, clip_span, common_rate, too_short_message
from tgan.data.videos.decode import DecodeError, Recording
from tgan.data.videos.frame_files import read_frame_files
from tgan.data.videos.frames import Fitter
from tgan.data.videos.kept import Budget, Keeper, KeptFrames
from tgan.data.videos.rates import Moment, Paced
from tgan.data.videos.remarks import Remarked, remarks_on
from tgan.data.videos.scan import Source
from tgan.data.videos.seek import Timeline, read_frames, scan_video
from tgan.data.videos.sources import find_sources
from tgan.system.threads import map_in_threads

# Bytes that may be kept unless others are asked for: 5,000 clips of 16 frames of 64x64, say.
KEEP_BYTES = 10**9
# Files of which bytes count for a fingerprint, and how many of each.
_SAMPLES, _SAMPLE_BYTES = 256, 4096


@dataclass(frozen=True)
class _Video:
    """A source and its length; a timeline where frames must be sought in a video file.

    `size` is that of the file in bytes; `fps`, `pixel_aspect` and `remarks` are as of `Paced` and
    `Recording`; `shown` is the position of the frame at each tick of another rate, which `length`
    counts then. `kept` are its squares, if they are kept.
    """

    source: Source
    length: int
    timeline: Timeline | None
    size: int
    fps: float | None
    pixel_aspect: Fraction
    remarks: list[str]
    shown: np.ndarray | None
    kept: KeptFrames | None

    def positions(self, wanted: range) -> list[int]:
        """Positions in the file of some of the video's frames."""
        return list(wanted) if self.shown is None else self.shown[wanted].tolist()


class VideoFolder:
    """Clips from a folder of video files or strips as they are, without packing them.

    All videos are decoded once to learn their lengths. Those that cannot be decoded are left out
    and listed in `skipped` as `(name, reason)`; those shorter than a clip are counted in
    `num_too_short`. A clip holds exactly the frames that decoding from the beginning gives; with
    `fps` those that are shown at its ticks (`tgan.data.videos.rates.Paced`).

    Squares are kept as they are decoded, video after video, until `keep_bytes` are taken; clips of
    these videos are as quick as packed ones (`tgan prepare`), the others are decoded each time,
    hundreds of times slower. A video whose file has changed is decoded, too. Processes that do not
    begin as copies of this one get no kept squares.

    Args:
        keep_bytes: of memory, for squares of `resolution` and `channels`.

    Attributes:
        account: what became of every file.
        notes: `(name, text)` of duplicates, broken links, and what may not have been meant so.
        remarks: lines on what is worth knowing about the videos.
        num_kept: how many videos are kept in memory.

    Raises:
        ValueError: no such folder, no video in it that can be decoded, or none as long as a clip.

    Example:
        >>> clips = VideoFolder("my_videos", num_frames=16, resolution=64)
        >>> clips.clip(0, start=30).shape
        (16, 64, 64, 3)
    """

    labels: list[str]

    def __init__(
        self,
        path: Path | str,
        *,
        num_frames: int,
        resolution: int,
        fps: float | None = None,
        stride: int = 1,
        channels: int = 3,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        path = Path(path)
        self._span = clip_span(num_frames, stride)
        self._stride, self._rate = stride, fps
        self.num_frames = num_frames
        self.shape = (num_frames, resolution, resolution, channels)
        self.labels = []
        found = find_sources([path], least=self._span)
        keeper = partial(
            Keeper, resolution=resolution, channels=channels, budget=Budget(keep_bytes)
        )
        scanned = _scan_all(found.sources, fps=fps, least=self._span, keeper=keeper)
        broken = [result for result in scanned if isinstance(result, tuple)]
        videos = [result for result in scanned if isinstance(result, _Video)]
        self.skipped: list[tuple[str, str]] = [*found.skipped, *broken]
        self._videos = [video for video in videos if video.length >= self._span]
        short = [video.source.name for video in videos if video.length < self._span]
        self.num_too_short = len(short)
        self.num_kept = sum(video.kept is not None for video in self._videos)
        noted = (Remarked(v.source.name, v.fps and v.fps / stride, v.remarks) for v in self._videos)
        self.remarks = list(remarks_on(noted))
        fates = dict.fromkeys((name for name, _ in broken), SKIPPED)
        self.account = found.account(fates | dict.fromkeys(short, TOO_SHORT))
        self.notes: list[tuple[str, str]] = [*found.notes, *found.ledger.reasons]
        if not videos:
            name, reason = self.skipped[0]
            raise ValueError(f"no video in {path} can be decoded, the first is {name}: {reason}")
        if not self._videos:
            longest = max(video.length for video in videos)
            raise ValueError(too_short_message(path, longest, num_frames, stride))

    @property
    def names(self) -> list[str]:
        """Names of the files."""
        return [video.source.name for video in self._videos]

    @property
    def fps(self) -> float | None:
        """Frames per second of the clips of most videos; None where no video has a rate."""
        return common_rate([video.fps for video in self._videos], self._stride)

    @property
    def decodes(self) -> bool:
        """Whether clips are decoded when they are asked for, so that threads pay."""
        return self.num_kept < len(self)

    def fingerprint(self) -> str:
        """Compute a SHA-256 of paths, sizes and lengths of all files, and of some bytes."""
        digest = hashlib.sha256()
        for video in self._videos:
            known_by = [video.source.relative, video.source.row, video.size, video.length]
            if video.pixel_aspect != 1:
                known_by.append(str(video.pixel_aspect))
            digest.update(json.dumps(known_by).encode())
        if self._rate is not None:
            digest.update(json.dumps(self._rate).encode())
        for video in self._videos[:: max(1, len(self._videos) // _SAMPLES)]:
            digest.update(_sample(video.source.path))
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self._videos)

    def num_starts(self, index: int) -> int:
        """Count the first frames that a clip of this video can have: every one that fits."""
        return self._videos[index].length - self._span + 1

    def label(self, index: int) -> int | None:
        """Return None: videos that are not packed have no classes."""
        return None

    def clip(self, index: int, start: int) -> np.ndarray:
        """Decode the clip (T, H, W, C), uint8, whose first frame is frame `start` of the video.

        Raises:
            IndexError: no such video, or a clip from `start` does not fit into it.
            DecodeError: the file cannot be read any more.
        """
        check_start(self, index, start)
        wanted = range(start, start + self._span, self._stride)
        video = self._videos[index]
        positions = video.positions(wanted)
        kept = None if video.kept is None else video.kept.clip(positions)
        if kept is not None:
            return kept
        fit = Fitter(self.shape[1], pixel_aspect=video.pixel_aspect)
        squares = [fit(frame) for frame in _frames(video, positions)]
        return with_channels(np.stack(squares), self.shape[-1])

    def __getstate__(self) -> dict:
        videos = [replace(video, kept=None) for video in self._videos]
        return {**vars(self), "_videos": videos, "num_kept": 0}


def _frames(video: _Video, wanted: list[int]) -> list[av.VideoFrame]:
    if video.timeline is not None:
        return read_frames(video.source.path, video.timeline, wanted)
    if video.source.others:
        files = [video.source.files[position] for position in wanted]
        return list(read_frame_files(files).frames)
    frames = enumerate(islice(video.source.read().frames, wanted[-1] + 1))
    found = {position: frame for position, frame in frames if position in wanted}
    if wanted[-1] not in found:
        raise DecodeError(video.source.path, "its frames have changed since it was scanned")
    return [found[position] for position in wanted]


def _scan_all(sources: list[Source], **settings: Any) -> list[_Video | tuple[str, str]]:
    # Threads are enough: FFmpeg decodes outside Python's lock.
    results = map_in_threads(partial(_scan, **settings), sources)
    return list(tqdm(results, total=len(sources), unit="video", desc="scan", disable=None))


def _scan(
    source: Source, *, fps: float | None, least: int, keeper: Callable[[tuple[Path, ...]], Keeper]
) -> _Video | tuple[str, str]:
    keep = keeper(source.files)
    try:
        size = source.path.stat().st_size
        timeline, recording = _timeline(source, keep)
        paced = Paced(recording, fps, source.path)
        positions = [moment.position for moment in paced]
    except (DecodeError, OSError) as error:
        keep.drop()
        return source.name, _reason(error)
    if len(positions) < least:
        keep.drop()
    shown = None if fps is None else np.array(positions, np.int64)
    facts = paced.fps, recording.pixel_aspect, paced.remarks
    return _Video(source, len(positions), timeline, size, *facts, shown, keep.frames())


def _reason(error: DecodeError | OSError) -> str:
    if isinstance(error, DecodeError):
        return error.reason
    return error.strerror or str(error)


def _timeline(source: Source, keep: Keeper) -> tuple[Timeline | None, Recording]:
    """A source's timeline if it has one, and a recording of a `Moment` for each frame."""
    if source.num_frames is None:
        return scan_video(source.path, keep.add)
    # A picture's header can be right while its pixels are broken.
    recording = source.read()
    return None, replace(recording, frames=_moments(recording, keep))


def _moments(recording: Recording, keep: Keeper) -> Iterator[Moment]:
    for position, frame in enumerate(recording.frames):
        keep.add(frame, recording.pixel_aspect)
        yield Moment.of(position, frame, frame.pts)


def _sample(path: Path) -> bytes:
    """The bytes in the middle of a file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _SAMPLE_BYTES, 0) // 2)
            return file.read(_SAMPLE_BYTES)
    except OSError:
        return b""
