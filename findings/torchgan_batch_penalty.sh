#!/bin/bash
# TorchGAN's gradient penalties take one norm over the whole batch, not one for each sample.
#
# torchgan 0.1.0 with torch 2.14.1 and torchvision 0.29.1, on a CPU. Gulrajani et al. 2017 pay for
# the distance of the norm of the critic's gradient at each sample from 1. In WassersteinGradient-
# Penalty and in DraganGradientPenalty the norm is of the gradients of all samples together: a
# critic of slope 1 everywhere, for which the published penalty is 0, pays (sqrt(N) - 1)^2 at a
# batch of N, and what pays nothing is a critic of slope 1 / sqrt(N). So the same weight means
# something else at every batch size, and scores shrink as batches grow.
#
# Seen: the linear critic x -> w.x with |w| = 1 pays 0, 1, 9 and 49 at batches of 1, 4, 16 and 64;
# divided by 8 it pays 0 at a batch of 64.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet torchgan==0.1.0 torch==2.14.1 torchvision==0.29.1
cat > "$place/penalty.py" <<'PYTHON'
import torch
from torchgan.losses import DraganGradientPenalty, WassersteinGradientPenalty

rng = torch.Generator().manual_seed(0)
slope = torch.randn(3 * 8 * 8, generator=rng)
slope /= slope.norm()


def paid(loss, count, scale=1.0):
    samples = torch.randn(count, 3, 8, 8, generator=rng, requires_grad=True)
    scores = samples.flatten(1) @ (scale * slope)
    return loss(samples, scores).item()


for loss in (WassersteinGradientPenalty(), DraganGradientPenalty()):
    for count in (1, 4, 16, 64):
        found = paid(loss, count)
        print(f"{type(loss).__name__}: batch {count}, slope 1, pays {found:.4f}")
        assert abs(found - (count**0.5 - 1) ** 2) < 1e-3
    found = paid(loss, 64, scale=1 / 8)
    print(f"{type(loss).__name__}: batch 64, slope 1/8, pays {found:.4f}")
    assert found < 1e-6
PYTHON
"$place/venv/bin/python" "$place/penalty.py"
