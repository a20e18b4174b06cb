#!/bin/bash
# fvmd's accelerations are velocities, and its histograms do not tell speeds below a pixel apart.
#
# fvmd 1.0.0, the package of the Frechet video motion distance, torch 2.14.1, NumPy 1.26.4. The
# metric compares histograms of the velocity and of the acceleration of tracked points. The tracker
# hands positions to calc_acceleration, whose argument is called `velocity`, so what is taken for
# the acceleration of a point is its velocity once more, without the first step: half of the metric
# says again what the other half says. And a histogram adds up logarithms of speeds, rounded up to
# a whole number: a point that trembles by a hundredth of a pixel counts as much as one that moves
# by a whole pixel per frame, and one of 3.01 as much as one of 7. The network's weights are not
# needed: points whose motion is known take the place of tracked ones, on a CPU.
#
# Seen: points that move evenly by (0.5, 0.25) have "accelerations" of (0.5, 0.25), not of 0, from
# the third frame on; speeds 0.01, 0.5 and 1.0 have equal histograms, so have 3.01 and 7.0; speeds
# 1.0 and 1.01 have not.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet fvmd==1.0.0 torch==2.14.1 torchvision==0.29.1 numpy==1.26.4 \
    setuptools==80.9.0
cat > "$place/motion.py" <<'PYTHON'
import numpy as np
import torch
from fvmd import calc_hist, keypoint_tracking

# Its lines say .cuda(); here everything stays where it is.
torch.Tensor.cuda = lambda self, *args, **kwargs: self
STEP = torch.tensor([0.5, 0.25])


def evenly(model, frames, N, iters):
    grid = torch.cartesian_prod(*[torch.linspace(8, 248, 20)] * 2)
    return grid[None, None] + torch.arange(frames.shape[1]).view(1, -1, 1, 1) * STEP


keypoint_tracking.run_tracking = evenly
_, (velocity,), (acceleration,) = keypoint_tracking.tracking_fullseq(
    None, torch.zeros(1, 16, 3, 256, 256), None
)
print("velocity of a point:", velocity[0, 5, 0].tolist())
print("its acceleration:", acceleration[0, 5, 0].tolist())
torch.testing.assert_close(velocity[0, 1:], STEP.expand(15, 400, 2), rtol=0, atol=1e-4)
assert torch.equal(acceleration[:, 2:], velocity[:, 2:])
assert not acceleration[:, :2].any()


def histogram(speed):
    # Away from the borders of the eight angles.
    way = speed * np.array([np.sin(0.3), np.cos(0.3)])
    return calc_hist(np.broadcast_to(way, (1, 16, 400, 2)))


def same(*speeds):
    equal = all(np.array_equal(histogram(speeds[0]), histogram(speed)) for speed in speeds)
    print("pixels per frame", speeds, "have", "equal" if equal else "different", "histograms")
    return equal


assert histogram(1.0).any()
assert same(0.01, 0.5, 1.0)
assert same(3.01, 7.0)
assert not same(1.0, 1.01)
PYTHON
"$place/venv/bin/python" "$place/motion.py"
