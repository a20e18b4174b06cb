#!/bin/bash
# cd-fvd's compute_fvd adds the clips of every call to those of the calls before.
#
# cd-fvd 0.1.1, torch 2.14.1, torchvision 0.29.1, NumPy 2.4.6, SciPy 1.17.1. Whoever compares
# several models with one evaluator (`compute_fvd(real, a)`, then `compute_fvd(real, b)`) gets, the
# second time, the distance of the clips of both. And past `n_fake` clips (2,048 unless told
# otherwise) new ones count no more, without a word: the second model then has the first one's
# number, however bad it is. `empty_real_stats` and `empty_fake_stats` between the calls help. The
# networks' weights are not needed: the mean of each channel takes the place of features.
#
# Seen: of the same bad clips a new evaluator says 24,341, one that measured good clips before
# 12,091, one whose n_fake those had filled 0; after emptying both sides, 24,341 again.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet torch==2.14.1 torchvision==0.29.1 numpy==2.4.6 scipy==1.17.1 \
    tqdm==4.70.1 pillow==13.0.0 requests einops==0.8.2
"$place/venv/bin/pip" install --quiet --no-deps cd-fvd==0.1.1
cat > "$place/calls.py" <<'PYTHON'
import numpy as np
import torch
from cdfvd import fvd

fvd.load_i3d_model = lambda device, path: torch.nn.Identity()
fvd.preprocess_i3d = lambda clips: torch.from_numpy(clips).float()


class Means(torch.nn.Module):
    def forward(self, clips):
        return clips.mean((1, 2, 3))


def evaluator(n_fake):
    made = fvd.cdfvd("i3d", n_fake=n_fake, device="cpu")
    made.model = Means()
    return made


draw = np.random.default_rng(0)
size = (64, 16, 8, 8, 3)
good, bad = (draw.integers(0, levels, size, dtype=np.uint8) for levels in (64, 244))
fresh = evaluator(2048).compute_fvd(good, bad)
again = evaluator(2048)
first = again.compute_fvd(good, good)
second = again.compute_fvd(good, bad)
again.empty_real_stats()
again.empty_fake_stats()
emptied = again.compute_fvd(good, bad)
full = evaluator(64)
full.compute_fvd(good, good)
ignored = full.compute_fvd(good, bad)
print(f"good clips {first:.0f}; bad ones by a new evaluator {fresh:.0f}")
print(f"by a used one {second:.0f}, an emptied one {emptied:.0f}, a full one {ignored:.0f}")
assert abs(first) < 1e-3 and abs(ignored) < 1e-3
assert abs(emptied - fresh) < 1e-6 * fresh
# Half of the clips are good: a quarter for the mean, and as much for how they are spread.
assert abs(second / fresh - 0.5) < 0.01
PYTHON
"$place/venv/bin/python" "$place/calls.py"
