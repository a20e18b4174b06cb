#!/bin/bash
# PyAV's conversion of one frame gives other pixels now and then, unless it is asked for one thread.
#
# PyAV 18.1.0, NumPy 2.4.6. `frame.reformat(format=...)` converts by FFmpeg's scaler, since PyAV 15
# in as many threads as there are processors, if nothing is said. A good guess is that threads share
# the rows and the result is the same, as it is with FFmpeg's decoders. From RGBA to 10 bits some
# frames in a thousand come out different: a new copy of the same picture, converted in the same
# process, has other numbers in some rows. A data set that is encoded twice differs, and a test
# that compares pixels fails once in a hundred runs. `threads=1` gives the same numbers every time.
#
# Seen, on 2 processors: of 3,000 conversions of one 80x64 picture by default 2 to 20 differ from the
# others; none with `threads=1`. On a machine with one processor the default is one thread, and this
# script says that there is nothing to see.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
[ "$(nproc)" -gt 1 ] || { echo "one processor: nothing to see"; exit 0; }
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
cat > "$place/threads.py" <<'PYTHON'
from collections import Counter

import av
import numpy as np
from av.video.reformatter import VideoReformatter

rows, columns = np.mgrid[:64, :80]
layers = [rows * 3, columns * 3, rows + columns, np.full_like(rows, 255)]
picture = np.stack(layers, axis=-1).astype(np.uint8)


def converted(**threads):
    frame = av.VideoFrame.from_ndarray(picture, format="rgba")
    result = VideoReformatter().reformat(frame, format="yuv422p10le", **threads)
    return b"".join(
        np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : 2 * plane.width].tobytes()
        for plane in result.planes
    )


by_default, by_one = Counter(), Counter()
for _ in range(20):
    by_default.update(converted() for _ in range(3000))
    by_one.update(converted(threads=1) for _ in range(3000))
    if len(by_default) > 1:
        break
print("by default:", sorted(by_default.values(), reverse=True))
print("threads=1:", sorted(by_one.values(), reverse=True))
assert len(by_one) == 1
assert by_default.most_common(1)[0][0] in by_one
assert len(by_default) > 1
PYTHON
"$place/venv/bin/python" "$place/threads.py"
