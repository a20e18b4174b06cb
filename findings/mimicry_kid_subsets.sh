#!/bin/bash
# Mimicry's kernel distances are of smaller subsets than asked for: 200 samples instead of 1,000.
#
# torch-mimicry 0.1.16 with NumPy 2.2.6, SciPy 1.15.3 and scikit-learn 1.6.1. KID is published as
# the mean over subsets of 1,000 samples, which are drawn from all that there are. The package's
# polynomial_mmd_averages takes n_subsets and subset_size, 50 and 1,000 by default, and cuts the size
# down to the number of samples over that of subsets without a word: subsets that were asked to be
# of 1,000 are of 200 with 10,000 samples, and of 20 with 1,000. The mean has the same expectation,
# but the standard deviation beside it, which tables quote, is several times that of the protocol.
# Only with 50,000 samples or more is it what was asked for.
#
# Seen: sizes drawn with 1,000, 10,000 and 50,000 samples are 20, 200 and 1,000; with 10,000 samples
# of one distribution the deviation over subsets is more than three times that of subsets of 1,000.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet numpy==2.2.6 scipy==1.15.3 scikit-learn==1.6.1
# Its module of kernel distances needs nothing else of what the package asks for.
"$place/venv/bin/pip" install --quiet --no-deps torch-mimicry==0.1.16
cat > "$place/subsets.py" <<'PYTHON'
import importlib.util
from pathlib import Path

import numpy as np

package = Path(importlib.util.find_spec("torch_mimicry").origin).parent
spec = importlib.util.spec_from_file_location("kid_utils", package / "metrics/kid/kid_utils.py")
kid = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kid)
np.random.seed(0)
draw, sizes = np.random.choice, []


def noted(samples, size, replace):
    sizes.append(size)
    return draw(samples, size, replace=replace)


np.random.choice = noted
deviations = {}
for count, expected in ((1_000, 20), (10_000, 200), (50_000, 1_000)):
    one, other = np.random.normal(size=(2, count, 16))
    sizes.clear()
    found = kid.polynomial_mmd_averages(one, other, n_subsets=50, subset_size=1000)
    deviations[count] = found.std()
    print(f"{count} samples: subsets of {set(sizes)}, deviation {found.std():.5f}")
    assert set(sizes) == {expected}
np.random.choice = draw
one, other = np.random.normal(size=(2, 10_000, 16))
asked = [
    kid.polynomial_mmd(*(each[draw(10_000, 1000, replace=False)] for each in (one, other)))
    for _ in range(50)
]
print(f"10000 samples, subsets that really are of 1000: deviation {np.std(asked):.5f}")
assert deviations[10_000] > 3 * np.std(asked)
PYTHON
"$place/venv/bin/python" "$place/subsets.py"
