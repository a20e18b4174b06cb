#!/bin/bash
# PyAV writes the shape of pixels to MOV, and drops it from WebM and Matroska without a word.
#
# PyAV 18.1.0, NumPy 2.4.6. A stream whose codec context has a `sample_aspect_ratio` of 4:3 is
# written. Matroska has a field for it (the size of display), as MOV has (`pasp`), so a good guess is
# that it comes back from each. From WebM and Matroska it comes back only where the codec keeps it in
# its own stream of bits (H.264, MPEG-4); for VP8, VP9 and FFV1 it is 1:1 or nothing, so that what is
# written as wide is shown squeezed. ProRes in MOV, where the bits have none either, keeps 4:3.
#
# Seen: H.264 in MKV 4/3, ProRes in MOV 4/3; VP8 in WebM 1, VP9 in WebM 1, FFV1 in MKV None.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
cat > "$place/aspect.py" <<'PYTHON'
import sys
from fractions import Fraction

import av
import numpy as np

WIDE = Fraction(4, 3)


def written_and_read(name, codec, kind="yuv420p"):
    path = f"{sys.argv[1]}/{name}"
    frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = kind
        stream.codec_context.sample_aspect_ratio = WIDE
        for _ in range(3):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with av.open(path) as container:
        found = container.streams.video[0].sample_aspect_ratio
    print(name, codec, found)
    return found


assert written_and_read("a.mkv", "libx264") == WIDE
assert written_and_read("b.mov", "prores_ks", "yuv422p10le") == WIDE
assert written_and_read("c.webm", "libvpx") == 1
assert written_and_read("d.webm", "libvpx-vp9") == 1
assert written_and_read("e.mkv", "ffv1") is None
PYTHON
"$place/venv/bin/python" "$place/aspect.py" "$place"
