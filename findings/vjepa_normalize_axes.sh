#!/bin/bash
# vjepa's video transform Normalize says that it takes clips (T, C, H, W), and takes (C, T, H, W).
#
# vjepa 0.1.2, torch 2.14.1, torchvision 0.29.1, NumPy 2.4.6. Its docstring, and videojedi 1.1.0,
# which hands clips on to V-JEPA ("Input dimension order is T, 3, H, W"), put frames first; torch's
# and torchvision's own transforms of clips take them so, too. But mean and deviation lie along the
# first axis. A clip of 16 frames is an error about sizes 16 and 3. A clip of 3 frames passes, each
# frame by the mean and deviation of a colour. Right are clips with the channels first.
#
# Seen: 16 frames first: RuntimeError; 3 frames first: equal to normalising frames, not channels;
# channels first: equal to normalising channels.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
# What its package imports, but for the versions that it asks for: those of torchvision are older.
"$place/venv/bin/pip" install --quiet torch==2.14.1 torchvision==0.29.1 numpy==2.4.6 pillow==13.0.0 \
    packaging==26.4 pandas==3.1.1 decord==0.6.0 opencv-python-headless==5.0.0.93
"$place/venv/bin/pip" install --quiet --no-deps vjepa==0.1.2
cat > "$place/axes.py" <<'PYTHON'
import inspect

import torch
from vjepa.datasets.utils.video.transforms import Normalize

mean, std = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
normalize = Normalize(mean, std)
print(inspect.getdoc(Normalize.__call__).splitlines()[1].strip())


def by(clip, axis):
    shape = [3 if a == axis else 1 for a in range(4)]
    return (clip - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)


try:
    normalize(torch.rand(16, 3, 8, 8))
except RuntimeError as error:
    print("16 frames first:", error)
else:
    raise SystemExit("16 frames first: accepted")
few = torch.rand(3, 3, 8, 8)
frames, channels = (torch.equal(normalize(few), by(few, axis)) for axis in (0, 1))
print("3 frames first: normalises frames", frames, "and channels", channels)
assert frames and not channels
right = torch.rand(3, 16, 8, 8)
assert torch.equal(normalize(right), by(right, 0))
print("channels first: right")
PYTHON
"$place/venv/bin/python" "$place/axes.py"
