#!/bin/bash
# The Vendi score of features ignores its order: score_X takes q and always answers for q = 1.
#
# vendi-score 0.0.3 with NumPy 2.2.6, SciPy 1.15.3 and scikit-learn 1.6.1. The Vendi score of order
# q is the exponential of a Renyi entropy of the eigenvalues of a similarity matrix (Friedman and
# Dieng 2023; orders: Pasarkar and Dieng 2024); small orders count rare kinds of samples, large ones
# the common ones. The package has it from the matrix (score_K), from features by their n x n
# products (score_X), and from features by their d x d products (score_dual), which all are the same
# number. Two of them agree for every q; score_X hands 1 on in place of q. A table over orders
# that is made with it is flat, and which function was called decides the number.
#
# Seen: for 50 normal points in 8 dimensions orders 0.5, 1, 2 and inf are 7.69, 7.40, 6.91 and 4.71
# by score_K and by score_dual, and 7.40 four times by score_X.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet vendi-score==0.0.3 numpy==2.2.6 scipy==1.15.3 \
    scikit-learn==1.6.1
cat > "$place/order.py" <<'PYTHON'
import numpy as np
from vendi_score import vendi

points = np.random.default_rng(0).normal(size=(50, 8))
unit = points / np.linalg.norm(points, axis=1, keepdims=True)
spectrum = np.clip(np.linalg.eigvalsh(unit.T @ unit / len(unit)), 0, None)


def truth(q):
    shares = spectrum / spectrum.sum()
    if q == 1:
        return np.exp(-(shares * np.log(shares)).sum())
    if q == "inf":
        return 1 / shares.max()
    return (shares**q).sum() ** (1 / (1 - q))


for q in (0.5, 1, 2, "inf"):
    by_matrix = vendi.score_K(unit @ unit.T, q=q)
    by_dual = vendi.score_dual(points, q=q)
    by_features = vendi.score_X(points, q=q)
    print(f"q {q}: score_K {by_matrix:.3f}, score_dual {by_dual:.3f}, score_X {by_features:.3f}")
    np.testing.assert_allclose([by_matrix, by_dual], truth(q), rtol=1e-4)
    np.testing.assert_allclose(by_features, truth(1), rtol=1e-4)
assert abs(truth("inf") - truth(1)) > 2
PYTHON
"$place/venv/bin/python" "$place/order.py"
