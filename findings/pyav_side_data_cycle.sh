#!/bin/bash
# A frame of PyAV that is asked for its side data stays in memory until Python collects cycles.
#
# PyAV 18.1.0, NumPy 2.4.6. A frame is freed as soon as nothing refers to it, so a loop over a video
# holds one at a time. A good guess is that reading `frame.side_data`, as one does to find how a
# phone was held, changes nothing of that. It makes a cycle of the frame and what it gave: each
# frame, with its pixels, waits for Python's collector, which counts objects and not bytes. A loop
# over 1080p holds hundreds of MB, and new memory for each frame costs more than decoding small ones.
# The side data of a copy scaled to 2x2 (`frame.reformat(2, 2)`) are the same, and it holds little.
#
# Seen, of 60 frames with the collector off: 0 alive without a look at side data, 60 with it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
cat > "$place/cycle.py" <<'PYTHON'
import gc
import io

import av
import numpy as np

video = io.BytesIO()
with av.open(video, "w", format="mp4") as container:
    stream = container.add_stream("mpeg4", rate=10)
    stream.width = stream.height = 64
    for value in range(60):
        picture = np.full((64, 64, 3), 4 * value, np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    container.mux(stream.encode())


def alive(looks):
    """Frames that are still there after a loop that let each of them go."""
    gc.collect()
    gc.disable()
    video.seek(0)
    with av.open(video) as container:
        for frame in container.decode(video=0):
            if looks:
                len(frame.side_data)
        del frame
    count = sum(isinstance(each, av.VideoFrame) for each in gc.get_objects())
    gc.enable()
    gc.collect()
    return count


without, with_look = alive(False), alive(True)
print(f"without a look: {without} of 60 frames alive; with one: {with_look}")
assert (without, with_look) == (0, 60)
assert not any(isinstance(each, av.VideoFrame) for each in gc.get_objects())
PYTHON
"$place/venv/bin/python" "$place/cycle.py"
