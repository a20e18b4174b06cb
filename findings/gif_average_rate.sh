#!/bin/bash
# PyAV's `average_rate` of a GIF is no average: at 30 frames a second it says 33.3.
#
# PyAV 18.1.0, Pillow 12.3.0, NumPy 2.4.6. A GIF counts in hundredths of a second, so writers of 30
# frames a second alternate delays of 3, 3 and 4. The stream knows its 120 frames and its duration
# of 4.00 s, so a good guess is an `average_rate` of 30. It is 33.33, 11 % too fast.
# `guessed_rate` is 30 here, but 50 for delays of 2 and 4 (truly 33.33), where the average is right.
# Only the times of the frames tell.
#
# Seen, frames a second as (frames / duration, average_rate, guessed_rate):
# 3,3,4: 30.00, 33.33, 30.00; 4,5: 22.22, 25.00, 22.25; 2,4: 33.33, 33.33, 50.00.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6 pillow==12.3.0
cat > "$place/rate.py" <<'PYTHON'
import sys

import av
import numpy as np
from PIL import Image

COUNT = 120


def picture(number):
    pixels = np.zeros((32, 32), np.uint8)
    pixels[number // 32, number % 32] = 255
    return Image.fromarray(pixels)


def rates(delays):
    first, *rest = [picture(number) for number in range(COUNT)]
    duration = [10 * delays[number % len(delays)] for number in range(COUNT)]
    path = f"{sys.argv[1]}/a.gif"
    first.save(path, save_all=True, append_images=rest, duration=duration, loop=0)
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert stream.frames == COUNT == sum(1 for _ in container.decode(stream))
        truth = stream.frames / float(stream.duration * stream.time_base)
        found = truth, float(stream.average_rate), float(stream.guessed_rate)
    print(delays, "truly %.2f, average_rate %.2f, guessed_rate %.2f" % found)
    return [round(rate, 2) for rate in found]


assert rates([3, 3, 4]) == [30.0, 33.33, 30.0]
assert rates([4, 5]) == [22.22, 25.0, 22.25]
assert rates([2, 4]) == [33.33, 33.33, 50.0]
PYTHON
"$place/venv/bin/python" "$place/rate.py" "$place"
