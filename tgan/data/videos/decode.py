"""Decoding of video files, frame by frame, so that memory does not grow with their length."""

from collections.abc import Container, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from tgan.data.videos.orientation import display_matrix, is_sideways
from tgan.data.videos.transparency import alpha_decoder, turned

# Passes an 8K frame (7680 x 4320). A decoder keeps several frames, so a header that claims more
# could take any amount of memory.
MAX_PIXELS = 2**25
# In one array. Zeros are compressed a thousandfold, and sparse files take no room at all: a small
# file could hold any number. So many frames are four days at 24 a second.
MAX_VIDEOS, MAX_FRAMES = 1_000_000, 10_000_000

# Transfer characteristics of ISO 23091-2: PQ and HLG.
_HDR = frozenset({16, 18})
# Pixels that are wider or higher than so many times: square to rounding, a damaged header's.
_SQUARE, _MAX_PIXEL_ASPECT = Fraction(102, 100), 4
# FFmpeg opens these too, but they name other files or draw text: never what "a video" means here.
_NOT_VIDEOS = frozenset({"concat", "dash", "hls", "lavfi", "sdp", "tty"})


# Decoders that know of each picture whether others refer to it, by the bits of the picture itself.
_TELL_REFERENCES = frozenset({"h264", "mpeg4", "mpeg1video", "mpeg2video"})


class DecodeError(ValueError):
    """Error of a file that cannot be read as a video; its text is `FILE: REASON`."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(str(path), " ".join(reason.split()))

    @property
    def reason(self) -> str:
        """Why, without the file."""
        return self.args[1]

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


@dataclass(frozen=True)
class Recording:
    """A video opened for one reading from its beginning.

    `frames` yields every frame in order of presentation and raises `DecodeError` where the
    video breaks. `fps` is the average rate, None where the file states none. `pixel_aspect` is the
    width of a pixel over its height. `remarks` are keys of `tgan.data.videos.remarks.REMARKS`.
    """

    frames: Iterator[av.VideoFrame]
    fps: float | None = None
    pixel_aspect: Fraction = Fraction(1)
    remarks: tuple[str, ...] = ()


def read_video(path: Path) -> Recording:
    """Open a video file of any container and codec that FFmpeg knows; its first video stream.

    Frames keep their size, pixel format and rotation: `tgan.data.videos.frames.fit` deals with
    those. Frames of a variable rate are taken one after the other, whatever their times.

    Raises:
        DecodeError: not a video, no video stream, or frames of more than `MAX_PIXELS`; and,
            from `frames`, a picture that cannot be decoded or was decoded with damage. A header
            that promises more frames than there are is no error.
    """
    video = open_stream(path)
    return Recording(_frames(video), video.fps, video.pixel_aspect, video.remarks)


def count_frames(path: Path) -> int:
    """Count the frames that a video's header promises or its duration implies; 0 if unknown.

    For estimates only: headers are often wrong by a frame, sometimes by hundreds.
    """
    return length_in_header(path)[0]


def length_in_header(path: Path) -> tuple[int, float | None]:
    """Return the frames that `count_frames` counts, and the rate that the header states."""
    with closing(open_stream(path)) as video:
        stream = video.stream
        if stream.frames:
            return stream.frames, video.fps
        seconds = (video.container.duration or 0) / av.time_base
        if stream.duration and stream.time_base:
            seconds = float(stream.duration * stream.time_base)
        return round(seconds * (video.fps or 0)), video.fps


@dataclass(frozen=True)
class OpenVideo:
    """A video file that stands at some frame; whoever opened it closes it.

    `stream` is its first video stream, `decoder` what turns its packets into frames, `unturned` the
    display matrix that these frames lack; None where they have it.
    """

    path: Path
    container: InputContainer
    stream: VideoStream
    decoder: VideoCodecContext
    unturned: np.ndarray | None = None

    @property
    def fps(self) -> float | None:
        """The average rate; None where the file states none."""
        rate: Fraction | None = self.stream.average_rate or self.stream.guessed_rate
        return float(rate) if rate else None

    @property
    def pixel_aspect(self) -> Fraction:
        """The width of a frame's pixels over their height; 1 where the file states none.

        Nearly square ones are square: a program that reduces 16:9 to 426x240 states 640/639.
        """
        aspect: Fraction = self.stream.sample_aspect_ratio or Fraction(1)
        if not _SQUARE < max(aspect, 1 / aspect) <= _MAX_PIXEL_ASPECT:
            return Fraction(1)
        is_turned = self.unturned is not None and is_sideways(self.unturned)
        return 1 / aspect if is_turned else aspect

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the header tells that is worth knowing."""
        facts = {
            "hdr": self.stream.codec_context.color_trc in _HDR,
            "not square": self.pixel_aspect != 1,
        }
        return tuple(name for name, holds in facts.items() if holds)

    def frames(self) -> Iterator[av.VideoFrame]:
        """Yield frames from where the file stands, as FFmpeg gives them, errors included."""
        if self.unturned is None:
            yield from self.container.decode(self.stream)
            return
        for packet in self.container.demux(self.stream):
            for frame in self.decoder.decode(packet):
                yield turned(frame, self.unturned)

    def frames_at(self, times: Container[int]) -> Iterator[av.VideoFrame]:
        """Yield frames as `frames`, without some that are shown at none of these times.

        What no other picture refers to is not decoded (a third of the time of films in H.264).
        """
        if self.unturned is not None or self.decoder.name not in _TELL_REFERENCES:
            yield from self.frames()
            return
        for packet in self.container.demux(self.stream):
            is_wanted = packet.pts is None or packet.pts in times
            self.decoder.skip_frame = "DEFAULT" if is_wanted else "NONREF"
            yield from self.decoder.decode(packet)

    def time_of(self, frame: av.VideoFrame) -> int | None:
        """Return when a frame is shown, in units of its `time_base`.

        AVI has times of decoding alone, one for each frame in the order of presentation; those of
        presentation that FFmpeg guesses go back and forth where frames are stored out of order.
        """
        return frame.dts if self.container.format.name == "avi" else frame.pts

    def seek(self, time: int) -> None:
        """Go to the last key frame at or before a time in the stream's units."""
        self.container.seek(time, stream=self.stream, backward=True)
        self.decoder.flush_buffers()

    def close(self) -> None:
        """Close the file."""
        self.container.close()


def open_stream(path: Path) -> OpenVideo:
    """Open a video file at its beginning; the caller closes it.

    Raises:
        DecodeError: as `read_video`.
    """
    try:
        container = _open(path)
    except FileNotFoundError:
        raise DecodeError(path, "no such file") from None
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise DecodeError(path, f"not a video that FFmpeg can open ({_text(error)})") from error
    try:
        stream = _first_stream(path, container)
        of_alpha = alpha_decoder(stream)
        decoder = _set_up(path, of_alpha or stream.codec_context)
        unturned = None if of_alpha is None else _display_matrix(path)
    except ValueError as error:
        container.close()
        raise error if isinstance(error, DecodeError) else DecodeError(path, str(error)) from error
    return OpenVideo(path, container, stream, decoder, unturned)


def decode(video: OpenVideo) -> Iterator[av.VideoFrame]:
    """Yield the frames from where a video stands; `DecodeError` where decoding breaks."""
    path, count = video.path, 0
    try:
        for frame in video.frames():
            if frame.is_corrupt:
                raise DecodeError(path, f"decoding failed after {count} frames (damaged picture)")
            check_size(path, frame.width, frame.height)
            yield frame
            count += 1
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        # Rubbish behind the last frame loses nothing; anything earlier loses pictures.
        if not 0 < video.stream.frames <= count:
            reason = f"decoding failed after {count} frames ({_text(error)})"
            raise DecodeError(path, reason) from error


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse a picture that has no pixels, or more than `MAX_PIXELS`.

    Raises:
        DecodeError: with the size and the limit.
    """
    if not 0 < width * height <= MAX_PIXELS:
        raise DecodeError(path, f"a picture of {width}x{height}; the limit is {MAX_PIXELS} pixels")


def check_count(path: Path, count: int, frames: int) -> None:
    """Refuse an array of more than `MAX_VIDEOS` videos, or of more than `MAX_FRAMES` frames each.

    Raises:
        DecodeError: with the number and the limit.
    """
    if count > MAX_VIDEOS:
        raise DecodeError(path, f"an array of {count:,} videos; the limit is {MAX_VIDEOS:,}")
    if frames > MAX_FRAMES:
        raise DecodeError(path, f"videos of {frames:,} frames; the limit is {MAX_FRAMES:,}")


def _open(path: Path) -> InputContainer:
    return av.open(
        # The explicit protocol keeps a file called "http:x.mp4" from becoming an address, and the
        # whitelist keeps a file's content from naming one.
        f"file:{path}",
        metadata_errors="ignore",  # HMDB51 has files with Latin-1 bytes in their titles
        container_options={"protocol_whitelist": "file"},
    )


def _first_stream(path: Path, container: InputContainer) -> VideoStream:
    if not _NOT_VIDEOS.isdisjoint(container.format.name.split(",")):
        raise DecodeError(path, f"a video is wanted, this is '{container.format.name}'")
    for stream in container.streams.video:
        # The cover picture of a song is a video stream of one frame.
        if not stream.disposition & av.stream.Disposition.attached_pic:
            if stream.codec_context is None:
                raise DecodeError(path, "no decoder for its video stream")
            return stream
    raise DecodeError(path, "no video stream")


def _set_up(path: Path, decoder: VideoCodecContext) -> VideoCodecContext:
    check_size(path, decoder.width, decoder.height)
    # One thread: several files are decoded at once, and memory stays small.
    decoder.thread_count = 1
    # Sizes can grow in the middle: the decoder refuses before it takes the memory.
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    return decoder


def _display_matrix(path: Path) -> np.ndarray:
    """The display matrix of the first frame, by the usual decoder."""
    with closing(_open(path)) as container, suppress(av.error.FFmpegError):
        for frame in container.decode(_first_stream(path, container)):
            return display_matrix(frame)
    return np.eye(2, dtype=np.int64)


def _frames(video: OpenVideo) -> Iterator[av.VideoFrame]:
    with closing(video):
        for frame in decode(video):
            frame.pts = video.time_of(frame)
            yield frame


def _text(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
