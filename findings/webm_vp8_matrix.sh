#!/bin/bash
# FFmpeg names the BT.709 matrix of a VP8 WebM, and decodes it as BT.601.
#
# PyAV 18.1.0, NumPy 2.4.6, the program of imageio-ffmpeg 0.8.1 (FFmpeg 9.0.2). A WebM file says by
# which matrix its colours were made. A good guess is that what `ffmpeg -i` prints, `bt709`, is what
# its conversion to RGB uses, as it is for VP9 and for H.264 in MP4. For VP8, whose bitstream has a
# colour space of its own, the frames lose the container's matrix on the way: colours come out as
# BT.601, and greens are some 30 levels off.
#
# Seen: green (0, 200, 0), written as BT.709 in three codecs, each of which is reported as bt709:
# VP9 and H.264 give (0, 199, 0), VP8 gives (15, 234, 5).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6 imageio-ffmpeg==0.8.1
cat > "$place/matrix.py" <<'PYTHON'
import subprocess
import sys

import av
import imageio_ffmpeg
import numpy as np

PROGRAM, BT709, LIMITED, SIDE = imageio_ffmpeg.get_ffmpeg_exe(), 1, 1, 64
FILES = {"vp8.webm": "libvpx", "vp9.webm": "libvpx-vp9", "h264.mp4": "libx264"}


def write(path, codec):
    green = np.full((SIDE, SIDE, 3), (0, 200, 0), np.uint8)
    frame = av.VideoFrame.from_ndarray(green, format="rgb24")
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = BT709, LIMITED
        for _ in range(3):
            picture = frame.reformat(format="yuv420p", dst_colorspace=BT709)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def look(path):
    told = subprocess.run([PROGRAM, "-i", path], capture_output=True, text=True).stderr
    (line,) = [line for line in told.splitlines() if "Video:" in line]
    command = [PROGRAM, "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    middle = 3 * (SIDE // 2 * SIDE + SIDE // 2)
    return "bt709" in line, tuple(raw[middle : middle + 3])


seen = {}
for name, codec in FILES.items():
    path = f"{sys.argv[1]}/{name}"
    write(path, codec)
    is_told, colour = seen[name] = look(path)
    print(f"{name}: reported as bt709: {is_told}; green is {colour}")
assert all(is_told for is_told, _ in seen.values())
assert seen["vp9.webm"][1] == seen["h264.mp4"][1] == (0, 199, 0)
assert seen["vp8.webm"][1] == (15, 234, 5)
PYTHON
"$place/venv/bin/python" "$place/matrix.py" "$place"
