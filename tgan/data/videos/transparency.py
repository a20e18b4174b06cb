"""Decoders of transparency in VP8 and VP9, which FFmpeg's own decoders of these leave out.

WebM keeps it as a second picture beside each packet; `alpha_mode: 1` tells. A decoder that is not
the container's own does not hand on its display matrix.
"""

import av
import numpy as np
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from tgan.data.videos.frames import to_rgba
from tgan.data.videos.orientation import as_shown

# By FFmpeg's own names. Those of libvpx put both pictures together.
_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """Make a decoder that gives a stream's transparency; None where the usual one does.

    Raises:
        ValueError: it is not in the FFmpeg that PyAV was built with.
    """
    name = _DECODERS.get(stream.codec_context.name)
    # Earlier versions of FFmpeg wrote the tag in capitals.
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if name is None or tags.get("alpha_mode") != "1":
        return None
    try:
        decoder = av.CodecContext.create(name, "r")
    except UnknownCodecError:
        raise ValueError(f"its transparency needs an FFmpeg with the decoder {name}") from None
    usual = stream.codec_context
    decoder.extradata = usual.extradata
    decoder.width, decoder.height = usual.width, usual.height
    return decoder


def turned(frame: av.VideoFrame, matrix: np.ndarray) -> av.VideoFrame:
    """Turn and mirror the pixels of a frame by a display matrix."""
    if (matrix == np.diag(np.abs(matrix.diagonal()))).all():
        return frame
    pixels = as_shown(to_rgba(frame, VideoReformatter()), matrix)
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgba")
    picture.pts, picture.time_base, picture.duration = frame.pts, frame.time_base, frame.duration
    return picture
