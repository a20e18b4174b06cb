"""Rates of videos: their frames as they come, or those that are shown at the ticks of one rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from math import floor, lcm
from pathlib import Path

import av

from tgan.data.videos.decode import DecodeError, Recording
from tgan.media.rates import is_same_rate

# Seconds that one frame may be repeated for: a damaged time could ask for any number of copies.
MAX_STILL = 600
# Of the longest interval between frames to the shortest, where times are rounded to milliseconds.
_EVEN = Fraction(3, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What `Paced` looks at in a frame, without its picture, and the frame's position."""

    position: int
    pts: int | None
    time_base: Fraction | None
    duration: int
    width: int
    height: int
    interlaced_frame: bool

    @classmethod
    def of(cls, position: int, frame: av.VideoFrame, pts: int | None) -> "Moment":
        """Note a frame that is shown at `pts`."""
        shape = frame.width, frame.height, frame.interlaced_frame
        return cls(position, pts, frame.time_base, frame.duration, *shape)


class Paced:
    """The frames of a recording in order, or resampled to `fps` frames a second.

    Ticks count from the first frame. At each the frame is shown whose time has come, or comes in
    less than half of a frame or of a tick (the shorter): of frames at even times the nearest one.
    It is the same object where it is shown again. A recording that states neither times nor a
    rate is taken frame by frame.

    Args:
        recording: what is read, once.
        fps: None takes every frame once, whatever its time.
        path: of the file, for errors.

    Attributes, which are complete when the frames have been read:
        fps: the rate of what came: that of its times where they and the stated one differ; None
            where neither is known.
        remarks: those of the recording; `resampled` if a frame was repeated or left out, `no rate`
            if it could not be, `variable` if times are uneven and were passed over, `interlaced`
            as the first frame, `sizes` if others have another size.

    Example:
        >>> frames = Paced(read_video(path), 10, path)
        >>> squares = [fit(frame) for frame in frames]
        >>> frames.fps, frames.remarks
        (10.0, ['resampled'])
    """

    def __init__(self, recording: Recording, fps: float | None, path: Path) -> None:
        self._recording, self._path = recording, path
        self._rate = None if fps is None else Fraction(fps).limit_denominator(10**6)
        self.fps = recording.fps
        self.remarks = list(recording.remarks)

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """Yield the frames.

        Raises:
            DecodeError: as the recording; or a frame to be repeated for more than `MAX_STILL`.
        """
        frames = self._watched(self._recording.frames)
        first = next(frames, None)
        if first is None:
            return
        known = first.pts is not None or self.fps is not None
        if self._rate is not None and known:
            yield from self._resampled(first, frames, self._rate)
            return
        if self._rate is not None:
            self.remarks.append("no rate")
        yield from self._as_they_come(first, frames)

    def _watched(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        sizes = set()
        for frame in frames:
            if not sizes and frame.interlaced_frame:
                self.remarks.append("interlaced")
            sizes.add((frame.width, frame.height))
            yield frame
        if len(sizes) > 1:
            self.remarks.append("sizes")

    def _as_they_come(
        self, first: av.VideoFrame, rest: Iterator[av.VideoFrame]
    ) -> Iterator[av.VideoFrame]:
        unit = self._unit(first)
        count = last = until = most = 0
        least = None
        for frame, begin, end in self._timed(first, rest, unit):
            yield frame
            if count:
                interval = begin - last
                least = interval if least is None else min(least, interval)
                most = max(most, interval)
            count, last, until = count + 1, begin, end
        if least is not None and most > _EVEN * least:
            self.remarks.append("variable")
        if last:
            # A last frame may be held for long, or be shown for a time that nobody states.
            is_usual = least <= until - last <= most
            intervals, seconds = (count, until * unit) if is_usual else (count - 1, last * unit)
            measured = float(intervals / seconds)
            # FFmpeg guesses the rate of a GIF, up to a fifth beside that of its delays.
            if self.fps is None or not is_same_rate(self.fps, measured):
                self.fps = measured

    def _resampled(
        self, first: av.VideoFrame, rest: Iterator[av.VideoFrame], rate: Fraction
    ) -> Iterator[av.VideoFrame]:
        unit = self._unit(first)
        early = min(1 / rate, self._usual() or 1 / rate) / 2
        # Ticks in a unit, and from the first frame's begin to where it makes room for others.
        ticks, ahead = unit * rate, 1 - early * rate
        shown, tick, until, counts = first, 0, 0, set()
        for frame, begin, end in self._timed(first, rest, unit):
            copies = self._copies(tick, begin * ticks + ahead, rate)
            yield from repeat(shown, copies)
            if frame is not first:
                counts.add(copies)
            shown, tick, until = frame, tick + copies, end
        # What is shorter than a tick is still a picture.
        copies = max(self._copies(tick, until * ticks + Fraction(1, 2), rate), int(tick == 0))
        yield from repeat(shown, copies)
        self.fps = float(rate)
        if counts | {copies} != {1}:
            self.remarks.append("resampled")

    def _usual(self) -> Fraction:
        """How long a frame is shown on average, in seconds; 0 where it is not known."""
        return 1 / Fraction(self.fps).limit_denominator(10**6) if self.fps else Fraction(0)

    def _unit(self, first: av.VideoFrame) -> Fraction:
        """Seconds of which all times of a recording are whole numbers: these add up fast."""
        return Fraction(1, lcm(self._usual().denominator, (first.time_base or 1).denominator))

    def _copies(self, tick: int, until: Fraction, rate: Fraction) -> int:
        """How often a frame is shown from a tick on, until before another."""
        copies = max(floor(until) - tick, 0)
        if copies > MAX_STILL * rate:
            seconds = round(copies / rate)
            reason = f"one frame is shown for {seconds:,} seconds; at most {MAX_STILL} are filled"
            raise DecodeError(self._path, reason)
        return copies

    def _timed(
        self, first: av.VideoFrame, rest: Iterator[av.VideoFrame], unit: Fraction
    ) -> Iterator[tuple[av.VideoFrame, int, int]]:
        """Each frame with its begin and its end, in units from the first one's begin.

        All frames of a recording count time in the same base. One without a time, or with one
        before the last frame's, begins where that one ends.
        """
        base, usual = int((first.time_base or 0) / unit), int(self._usual() / unit)
        zero = None if first.pts is None or not base else first.pts * base
        begin, end = 0, first.duration * base or usual
        yield first, begin, end
        for frame in rest:
            time = None if frame.pts is None or not base else frame.pts * base
            if zero is None and time is not None:
                zero = time - end
            begin = end if time is None or time - zero < begin else time - zero
            end = begin + (frame.duration * base or usual)
            yield frame, begin, end
