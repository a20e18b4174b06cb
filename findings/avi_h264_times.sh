#!/bin/bash
# Frames of H.264 in AVI come in the right order from PyAV, with times that are in the wrong one.
#
# PyAV 18.1.0, NumPy 2.4.6. AVI stores frames in the order of decoding and no times of presentation.
# With B-frames FFmpeg puts the pictures into order, as for every container, so a good guess is that
# their `pts` rise: for MPEG-4 in AVI, and for the same H.264 in MP4, they do. For H.264 in AVI each
# picture keeps the place that it had in the file, so `pts` (and `time`) go back and forth. Whoever
# sorts frames by time, or picks those nearest to some times, shuffles a video that needed nothing;
# `dts` rises by one for each picture.
#
# Seen, first eight frames: pictures 0 to 7 in order each time. H.264 in AVI: pts 1, 3, 4, 2, 6, 7,
# 5, 9. MPEG-4 in AVI: 1 to 8. H.264 in MP4: rising evenly.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
cat > "$place/times.py" <<'PYTHON'
import sys

import av
import numpy as np

COUNT, STEP = 24, 10
OPTIONS = {"bf": "2", "b_strategy": "0", "g": str(COUNT)}


def write(path, codec):
    """Grey frames, each ten levels lighter than the one before."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=24, options=OPTIONS)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for number in range(COUNT):
            grey = np.full((64, 64, 3), STEP * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())


def look(name, codec):
    path = f"{sys.argv[1]}/{name}"
    write(path, codec)
    with av.open(path) as container:
        frames = list(container.decode(video=0))
    levels = [frame.to_ndarray(format="rgb24").mean() for frame in frames]
    pictures = np.argsort(np.argsort(levels)).tolist()
    pts, dts = [frame.pts for frame in frames], [frame.dts for frame in frames]
    print(name, codec, "pictures", pictures[:8], "pts", pts[:8], "dts", dts[:8])
    assert pictures == list(range(COUNT))
    return pts, dts


pts, dts = look("a.avi", "libx264")
assert pts[:8] == [1, 3, 4, 2, 6, 7, 5, 9]
assert set(np.diff(dts[:16])) == {1}
for name, codec in (("b.avi", "mpeg4"), ("c.mp4", "libx264")):
    pts, _ = look(name, codec)
    assert len(set(np.diff(pts))) == 1
PYTHON
"$place/venv/bin/python" "$place/times.py" "$place"
