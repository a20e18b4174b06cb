"""Videos whose frames show their own number, so that a test can tell which frame it got."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 8


def numbered_frame(number: int, *, width: int = 64, height: int = 64) -> np.ndarray:
    """(H, W, 3) uint8: eight rows of the number's bits, white for 1, the highest at the top."""
    bits = [(number >> shift) & 1 for shift in reversed(range(BITS))]
    rows = np.array(bits, np.uint8)[np.arange(height) * BITS // height] * 255
    return np.broadcast_to(rows[:, None, None], (height, width, 3)).copy()


def numbers(frames: Iterable[np.ndarray]) -> list[int]:
    """The numbers that frames (H, W, C) of any size show."""
    return [_number(np.asarray(frame)) for frame in frames]


def _number(frame: np.ndarray) -> int:
    band = frame.shape[0] / BITS
    middle = frame.shape[1] // 2
    rows = [frame[int((k + 0.5) * band), middle].mean() > 127 for k in range(BITS)]
    return sum(int(bit) << (BITS - 1 - k) for k, bit in enumerate(rows))


def write_video(
    path: Path,
    frames: Iterable[np.ndarray] | int,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    fps: int = 25,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    times: Iterable[int] | None = None,
) -> Path:
    """Encode RGB frames, or so many numbered ones; `times` are in frames of `fps`."""
    if isinstance(frames, int):
        frames = [numbered_frame(number) for number in range(frames)]
    frames = list(frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=fps, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        for time, image in zip(times or range(len(frames)), frames, strict=False):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_audio(path: Path) -> Path:
    """Half a second of silence, and no video stream."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4000), np.float32), format="fltp")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
