"""Decoders of transparency in VP8 and VP9, which FFmpeg's own decoders of these leave out.

WebM keeps it as a second picture beside each packet; `alpha_mode: 1` tells.
"""

import av
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

# By FFmpeg's own names. Those of libvpx put both pictures together.
_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# ISO 23091-2, and FFmpeg's range.
_UNSPECIFIED = {"colorspace": 2, "color_range": 0}


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


def with_tags(frame: av.VideoFrame, stream: VideoStream) -> av.VideoFrame:
    """Give a frame the colour tags of its file where it has none of its own, as in all of VP8."""
    for tag, unspecified in _UNSPECIFIED.items():
        if getattr(frame, tag) == unspecified:
            setattr(frame, tag, getattr(stream.codec_context, tag))
    return frame
