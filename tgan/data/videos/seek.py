"""Seeking in video files: exactly the frames that decoding from the beginning would give."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np

from tgan.data.videos.decode import DecodeError, Recording, decode, open_stream
from tgan.data.videos.rates import Moment

# Decoders hold frames back, so a seek may land behind the frame wanted: then the key frames
# before are tried, and in the end the beginning of the file.
_MAX_SEEKS = 3


@dataclass(frozen=True)
class Timeline:
    """Frames of a video, in order, as one reading from its beginning has found them.

    `times` are presentation times in the file's units (None if they do not rise from frame to
    frame: then there is no seeking), `marks` checksums of the pictures, `keys` the positions of
    key frames.
    """

    times: np.ndarray | None
    marks: np.ndarray
    keys: np.ndarray

    def __len__(self) -> int:
        return len(self.marks)


def scan_video(
    path: Path, look: Callable[[av.VideoFrame, Fraction], object] | None = None
) -> tuple[Timeline, Recording]:
    """Decode a whole video, without converting its pictures, and note its frames.

    Nothing less would do: containers do not say how many pictures will come out, nor which
    packets are broken.

    Args:
        look: called with each frame and the aspect of its pixels, as of `Recording`.

    Returns:
        what seeking needs, and the video as `tgan.data.videos.decode.read_video` gives it, with a
        `Moment` for each frame.

    Raises:
        DecodeError: as `tgan.data.videos.decode.read_video`; or there are no frames.
    """
    times, marks, keys, moments = [], [], [], []
    with closing(open_stream(path)) as video:
        for frame in decode(video):
            if look is not None:
                look(frame, video.pixel_aspect)
            if frame.key_frame:
                keys.append(len(times))
            moments.append(Moment.of(len(times), frame, video.time_of(frame)))
            times.append(frame.pts)
            marks.append(_mark(frame))
        if not times:
            raise DecodeError(path, "no pictures in its video stream")
        recording = Recording(iter(moments), video.fps, video.pixel_aspect, video.remarks)
    known = [time for time in times if time is not None]
    rising = len(known) == len(times) and all(np.diff(known) > 0)
    timeline = Timeline(
        np.array(times, dtype=np.int64) if rising else None,
        np.array(marks, dtype=np.uint32),
        np.array(keys, dtype=np.int64),
    )
    return timeline, recording


def read_frames(path: Path, timeline: Timeline, wanted: Sequence[int]) -> list[av.VideoFrame]:
    """Read the frames at some positions, the same pictures as a reading from the beginning.

    A seek counts only if the pictures found are those that the scan saw at these times.

    Args:
        wanted: positions that do not fall, of which several may be the same.

    Raises:
        DecodeError: the file has changed since the scan or cannot be read any more.
    """
    for key in _landing_places(timeline, wanted[0]):
        found = _seek(path, timeline, wanted, key)
        if found is not None:
            return found
    found = dict(_from_beginning(path, wanted))
    if any(p not in found or _mark(found[p]) != timeline.marks[p] for p in wanted):
        raise DecodeError(path, "its frames have changed since it was scanned")
    return [found[position] for position in wanted]


def _landing_places(timeline: Timeline, start: int) -> list[int]:
    """Key frames to begin at, the nearest first; none where times do not tell frames."""
    if timeline.times is None:
        return []
    before = timeline.keys[timeline.keys <= start]
    return [int(key) for key in before[::-1][:_MAX_SEEKS]]


def _seek(
    path: Path, timeline: Timeline, wanted: Sequence[int], key: int
) -> list[av.VideoFrame] | None:
    """The wanted frames by way of one key frame, or None if they are not found there."""
    positions = {int(timeline.times[position]): position for position in wanted}
    last = timeline.times[wanted[-1]]
    found = {}
    with closing(open_stream(path)) as video:
        try:
            if key > 0:
                # The first packet may tell the decoder what later ones assume (x264 names its
                # version there, and FFmpeg decodes 4:4:4 by it).
                next(video.frames(), None)
                video.seek(int(timeline.times[key]))
            # Not `decode`: pictures before the wanted ones may well be damaged after a seek.
            for frame in video.frames_at(positions):
                position = positions.get(frame.pts)
                if position is not None and _mark(frame) == timeline.marks[position]:
                    found[position] = frame
                if frame.pts is None or frame.pts >= last:
                    break
        except av.error.FFmpegError:
            return None
    return [found[p] for p in wanted] if len(found) == len(positions) else None


def _from_beginning(path: Path, wanted: Sequence[int]) -> Iterator[tuple[int, av.VideoFrame]]:
    with closing(open_stream(path)) as video:
        for position, frame in enumerate(decode(video)):
            if position in wanted:
                yield position, frame
            if position == wanted[-1]:
                return


def _mark(frame: av.VideoFrame) -> int:
    """A checksum of every fourth row of the first plane: quick, and any other frame differs."""
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8, plane.height * plane.line_size)
    # Bytes behind the width are padding, which differs from run to run.
    visible = rows.reshape(plane.height, plane.line_size)[::4, : plane.width]
    return zlib.crc32(np.ascontiguousarray(visible))
