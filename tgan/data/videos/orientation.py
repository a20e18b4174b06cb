"""Orientation of frames: how a display matrix turns and mirrors the picture that is stored."""

from fractions import Fraction

import av
import av.error
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation, VideoReformatter

from tgan.media.scaling import ONE_THREAD

# Kinds of side data that FFmpeg may have and this PyAV does not know.
_UNKNOWN = sorted(set(range(64)) - {kind.value for kind in Type})
# The matrix of frames that have none.
_UPRIGHT = np.eye(2, dtype=np.int64)
_UPRIGHT.flags.writeable = False


def displayed_size(frame: av.VideoFrame) -> tuple[int, int]:
    """Return width and height of a frame as it is shown, after rotation."""
    sideways = is_sideways(display_matrix(frame))
    return (frame.height, frame.width) if sideways else (frame.width, frame.height)


def display_matrix(frame: av.VideoFrame, scaler: VideoReformatter | None = None) -> np.ndarray:
    """Return the matrix (2, 2) of a frame: a point p, y downwards, is shown at p @ matrix.

    `frame.rotation` is the angle of its first row, which knows nothing of mirrors.

    Args:
        scaler: one that does nothing else, to ask of many frames.
    """
    small = _of_few_pixels(frame, scaler or VideoReformatter())
    try:
        found = small.side_data
    except ValueError:
        # PyAV refuses to look at any if there is one whose kind it does not know, such as EXIF.
        found = _without_unknown(small).side_data
    for data in found:
        if data.type is Type.DISPLAYMATRIX and len(stored := bytes(data)) == 9 * 4:
            return np.frombuffer(stored, np.int32).reshape(3, 3)[:2, :2].astype(np.int64)
    return _UPRIGHT


def as_shown(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Turn and mirror an image (H, W, C) by a display matrix, to the nearest right angle."""
    if matrix is _UPRIGHT:
        return image
    if is_sideways(matrix):
        image, matrix = image.transpose(1, 0, 2), matrix[::-1]
    across, down = (-1 if matrix[axis, axis] < 0 else 1 for axis in (0, 1))
    return image[::down, ::across]


def is_sideways(matrix: np.ndarray) -> bool:
    """Whether columns become rows."""
    return 2 * np.abs(matrix[::-1]).trace() > np.abs(matrix).sum()


def _of_few_pixels(frame: av.VideoFrame, scaler: VideoReformatter) -> av.VideoFrame:
    """A small copy of a frame with the same side data.

    A frame that was asked for its side data lives until Python collects cycles: PyAV's container
    of these and the frame refer to each other. Of whole frames many would pile up, and FFmpeg
    would take new memory for each (a third of the time of preparing videos of 320x240).
    """
    try:
        return scaler.reformat(frame, 2, 2, "gray", interpolation=Interpolation.POINT, **ONE_THREAD)
    except (av.error.FFmpegError, ValueError):
        return frame


def _without_unknown(frame: av.VideoFrame) -> av.VideoFrame:
    """The same frame without the side data that PyAV does not know."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1),
    )
    deleting = [graph.add("sidedata", f"mode=delete:type={kind}") for kind in _UNKNOWN]
    graph.link_nodes(source, *deleting, graph.add("buffersink")).configure()
    graph.push(frame)
    return graph.pull()
