#!/bin/bash
# FFmpeg's filter fps takes the middle frame of three, and with round=down the last one.
#
# The program of imageio-ffmpeg 0.8.1 (FFmpeg 9.0.2). `-vf fps=10` makes 10 frames a second of 30,
# as most recipes for training data do. Good guesses are that it keeps frames 0, 3, 6, 9, those that
# are shown at 0, 0.1, 0.2 and 0.3 s; and that `round=down` would, if anything does. It keeps 1, 4,
# 7, 10: every frame's time is rounded to the nearest tick first, and of those that fall on one tick
# the last one stays, so frame 1 (at 33 ms) takes the place of frame 0. With `round=down` it keeps
# 2, 5, 8, 11. `framestep=3` keeps 0, 3, 6, 9. A program that picks frames by their times, and whose
# author compares it with the filter, is off by one frame, that is by 33 ms, and labels by time are.
# Half of the rate looks right (0, 2, 4, ...), since halves round away from the tick before.
#
# Seen: the numbers above, of 12 grey frames at 30 a second, each of a brightness of its own.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet imageio-ffmpeg==0.8.1
cat > "$place/rates.py" <<'PYTHON'
import subprocess

import imageio_ffmpeg

PROGRAM = imageio_ffmpeg.get_ffmpeg_exe()
frames = b"".join(b"FRAME\n" + bytes([20 * number]) * 256 for number in range(12))
video = b"YUV4MPEG2 W16 H16 F30:1 Ip A1:1 Cmono\n" + frames


def kept(filter_):
    command = [PROGRAM, "-v", "error", "-f", "yuv4mpegpipe", "-i", "-", "-vf", filter_]
    command += ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(command, input=video, capture_output=True, check=True).stdout
    return [brightness // 20 for brightness in raw[::256]]


seen = {filter_: kept(filter_) for filter_ in ("fps=10", "fps=10:round=down", "framestep=3", "fps=15")}
for filter_, numbers in seen.items():
    print(f"{filter_}: frames {numbers}")
assert seen == {
    "fps=10": [1, 4, 7, 10],
    "fps=10:round=down": [2, 5, 8, 11],
    "framestep=3": [0, 3, 6, 9],
    "fps=15": [0, 2, 4, 6, 8, 10],
}
PYTHON
"$place/venv/bin/python" "$place/rates.py"
