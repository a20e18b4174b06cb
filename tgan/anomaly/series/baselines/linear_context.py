"""Ridge regression on the context of a hidden block of samples.

It is the linear counterpart of the preset `context`, which hides the middle of its windows.
"""

from collections.abc import Iterator

import numpy as np
from scipy.linalg import solve

from tgan.anomaly.series.baselines.base import Reconstructor, rows_of
from tgan.anomaly.series.data.series import windows_of

# Samples predicted at once.
_CHUNK = 4096


class LinearContext(Reconstructor):
    """Predicts every sample by ridge regression on samples before and after it, not the nearest.

    Sample t is predicted from the samples t - gap - context to t - gap - 1 and t + gap + 1 to
    t + gap + context of all channels. The 2 gap + 1 samples around t are hidden, so that an
    anomaly of at most this length cannot reconstruct itself: the linear counterpart of a network
    that fills in masked samples. Beyond its ends a series goes on with its first and last sample.

    Args:
        context: visible samples on each side.
        gap: hidden samples on each side, beside t itself.
        ridge: penalty on the diagonal of the centred Gram matrix, as a share of the mean of its
            eigenvalues. The intercept is not penalised.

    Raises:
        ValueError: a context below 1, a negative gap, or a ridge that is not above 0.
    """

    def __init__(self, *, context: int = 50, gap: int = 50, ridge: float = 1e-2) -> None:
        if context < 1 or gap < 0:
            raise ValueError(f"a context of {context} samples beyond a gap of {gap}")
        if not 0 < ridge < np.inf:
            raise ValueError(f"ridge {ridge} is not above 0 and finite")
        self._context, self._gap, self._ridge = context, gap, ridge

    def fit(self, values: np.ndarray) -> "LinearContext":
        """Solve the normal equations of values (N, C)."""
        # Less the first sample, sums of nearly constant values keep their digits.
        self._base = values[:1]
        targets = values - self._base
        self._target = targets.mean(0)
        self._mean = sum(rows.sum(0) for rows in self._contexts(values)) / len(values)
        size = len(self._mean)
        gram, moments = np.zeros((size, size)), np.zeros((size, values.shape[1]))
        for start, rows in zip(range(0, len(values), _CHUNK), self._contexts(values), strict=True):
            centred = rows - self._mean
            gram += centred.T @ centred
            moments += centred.T @ (targets[start : start + _CHUNK] - self._target)
        penalty = self._ridge * np.trace(gram) / size
        # A constant is predicted by its mean alone.
        self._weights = moments
        if penalty:
            gram[np.diag_indices(size)] += penalty
            self._weights = solve(gram, moments, assume_a="pos")
        return self

    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """Predict every sample, (N, C)."""
        parts = [(rows - self._mean) @ self._weights for rows in self._contexts(values)]
        return np.concatenate(parts) + self._target + self._base

    def _contexts(self, values: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the visible samples around each one, less the base: rows of 2 context C numbers."""
        reach = self._gap + self._context
        padded = np.pad(values - self._base, ((reach, reach), (0, 0)), mode="edge")
        windows = windows_of(padded, 2 * reach + 1)
        for start in range(0, len(windows), _CHUNK):
            part = windows[start : start + _CHUNK]
            visible = [part[:, : self._context], part[:, -self._context :]]
            yield rows_of(np.concatenate(visible, axis=1))
