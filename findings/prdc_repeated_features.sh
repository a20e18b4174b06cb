#!/bin/bash
# prdc gives a set against itself a precision, recall, density and coverage of 0 if each member is
# in it more than k times.
#
# prdc 0.2, NumPy 2.4.6, scikit-learn 1.9.1. A set of few videos is often measured by drawing from
# it several times, so features come again; a set against itself has all four at 1 at least, one
# would think. But the k-th nearest neighbour of a member that is there more than k times is a copy,
# the radius of its ball is 0, and only what is nearer than the radius counts as inside. Features
# are whole numbers here, so that distances are exact; of others rounding lets some members in, and
# the four are some number below 1.
#
# Seen for k = 5, precision and coverage at so many copies: 1: 1, 1; 5: 1, 1; 6: 0, 0; 12: 0, 0.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet prdc==0.2 numpy==2.4.6 scikit-learn==1.9.1
cat > "$place/repeated.py" <<'PYTHON'
import numpy as np
from prdc import compute_prdc

features = np.random.default_rng(0).integers(-1000, 1000, (200, 4)).astype(float)
for copies, expected in ((1, 1.0), (5, 1.0), (6, 0.0), (12, 0.0)):
    repeated = np.repeat(features, copies, axis=0)
    found = compute_prdc(real_features=repeated, fake_features=repeated, nearest_k=5)
    found = {name: round(float(value), 3) for name, value in found.items()}
    print(copies, "of each:", found)
    assert found == dict.fromkeys(("precision", "recall", "density", "coverage"), expected)
PYTHON
"$place/venv/bin/python" "$place/repeated.py"
