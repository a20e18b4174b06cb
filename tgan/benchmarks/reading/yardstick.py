"""PyAV's own way to decode and resize: the loop that a user of PyAV would write.

It takes every frame of a file in turn, on one thread, to a NumPy array (H, W, 3) whose shorter side
is `resolution`. It writes nothing, crops nothing, and looks neither at rotation, transparency, the
shape of pixels, times nor damage. PyAV's default filter is bilinear; FFmpeg widens it to the
pixels that fall on one, so it is antialiased, and takes somewhat longer than the averages of areas
that `tgan` asks for.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from tgan.media.scaling import ONE_THREAD

# From a file to a function that resizes a frame to (width, height).
Resizing = Callable[[], Callable[[av.VideoFrame, int, int], av.VideoFrame]]


def by_frame() -> Callable[..., av.VideoFrame]:
    """Resize by the frame's own method, which makes a scaler for each frame."""
    return lambda frame, width, height: frame.reformat(width, height, "rgb24", **ONE_THREAD)


def by_file(**settings: Any) -> Callable[..., av.VideoFrame]:
    """Resize by one scaler for a file, with settings of `VideoReformatter.reformat`."""
    scaler = VideoReformatter()
    return lambda frame, width, height: scaler.reformat(
        frame, width, height, "rgb24", **ONE_THREAD, **settings
    )


def frames(path: Path, resolution: int, resizing: Resizing) -> Iterator[np.ndarray]:
    """Decode and resize the frames of a file."""
    resize = resizing()
    with av.open(f"file:{path}", metadata_errors="ignore") as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for frame in container.decode(stream):
            scale = resolution / min(frame.width, frame.height)
            size = (int(side * scale + 0.5) for side in (frame.width, frame.height))
            yield resize(frame, *size).to_ndarray()


def count(paths: Sequence[Path], resolution: int, resizing: Resizing) -> int:
    """Decode and resize all frames of some files, and count them."""
    return sum(1 for path in paths for _ in frames(path, resolution, resizing))
