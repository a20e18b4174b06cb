"""Errors without TadGAN, for the same scores and intervals as its own.

A detector that does not beat those that learn nothing has learned nothing that its
post-processing does not do.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from einops import rearrange
from scipy.linalg import solve
from sklearn.decomposition import PCA

from tgan.anomaly.series.baselines.matrix_profile import MatrixProfile
from tgan.anomaly.series.baselines.reconstructor import Baseline, Reconstructor
from tgan.anomaly.series.data.series import windows_of
from tgan.anomaly.series.scoring.reconstruction_errors import reconstruct_stream
from tgan.anomaly.series.scoring.scores import smooth

WINDOW = 100
# Windows projected at once.
_CHUNK = 4096


class ConstantMedian(Reconstructor):
    """Every sample is the median of its channel."""

    def fit(self, values: np.ndarray) -> "ConstantMedian":
        """Take the medians of values (N, C)."""
        self._medians = np.median(values, axis=0)
        return self

    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """The medians, (N, C)."""
        return np.broadcast_to(self._medians, values.shape)


class MovingAverage(Reconstructor):
    """Every sample is the mean of those around it, or of those before it and itself.

    Nothing is learned.

    Args:
        length: samples in the mean; fewer at the ends of the series.
        trailing: take the mean over the past.
    """

    def __init__(self, *, length: int = WINDOW, trailing: bool = False) -> None:
        self._length, self._trailing = length, trailing

    def fit(self, values: np.ndarray) -> "MovingAverage":
        """Nothing to do."""
        return self

    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """The means, (N, C)."""
        return smooth(values, self._length, trailing=self._trailing)


class WindowComponents(Reconstructor):
    """Windows are projected on principal components, and medians taken as of a network's windows.

    Components along which the training windows do not vary are left out: they would be any.

    Args:
        components: as many numbers as TadGAN's latent has.
        length: samples in a window.

    Raises:
        ValueError: a count below 1 (here), or fewer samples than one window, fewer windows than
            components, or more components than numbers in a window (in `fit`).
    """

    def __init__(self, components: int = 20, *, length: int = WINDOW) -> None:
        if components < 1:
            raise ValueError(f"{components} components; at least 1 is needed")
        self._components, self._length = components, length

    def fit(self, values: np.ndarray) -> "WindowComponents":
        """Find the components of all windows of values (N, C)."""
        rows = _rows(windows_of(values, self._length))
        if self._components > min(rows.shape):
            raise ValueError(
                f"{self._components} components of {rows.shape[0]} windows of {rows.shape[1]} "
                "numbers; there are at most as many as the smaller count"
            )
        # A constant has no variance of which components could explain a share.
        with np.errstate(invalid="ignore"):
            pca = PCA(self._components, svd_solver="full").fit(rows)
        sizes = pca.singular_values_
        varies = sizes > sizes[0] * max(rows.shape) * np.finfo(sizes.dtype).eps
        self._mean, self._basis = pca.mean_, pca.components_[varies]
        return self

    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """The medians over projected windows, (N, C)."""
        windows = windows_of(values, self._length)
        batches = (windows[i : i + _CHUNK] for i in range(0, len(windows), _CHUNK))
        return np.concatenate(list(reconstruct_stream(map(self._projected, batches))))

    def _projected(self, windows: np.ndarray) -> np.ndarray:
        rows = (_rows(windows) - self._mean) @ self._basis.T @ self._basis + self._mean
        return rows.reshape(windows.shape)


class LinearContext(Reconstructor):
    """Every sample is a linear function of samples before and after it; those nearest are hidden.

    Sample t is told from the samples t - gap - context to t - gap - 1 and t + gap + 1 to
    t + gap + context of all channels, by ridge regression; the 2 gap + 1 samples around t are not
    seen, so that an anomaly that is no longer cannot reconstruct itself. It is the linear rival
    of a network that fills in what was masked. Beyond its ends a series goes on with its first
    and its last sample.

    Args:
        context: samples that are seen on each side.
        gap: samples on each side that are hidden, beside t itself.
        ridge: what is added to the diagonal of the centred Gram matrix, as a share of the mean of
            its eigenvalues. The intercept is not penalised.

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
        # Sums of what is left of a constant keep their digits, and a constant stays one.
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
        # Of a constant nothing is known but its mean.
        self._weights = moments
        if penalty:
            gram[np.diag_indices(size)] += penalty
            self._weights = solve(gram, moments, assume_a="pos")
        return self

    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """The predictions, (N, C)."""
        parts = [(rows - self._mean) @ self._weights for rows in self._contexts(values)]
        return np.concatenate(parts) + self._target + self._base

    def _contexts(self, values: np.ndarray) -> Iterator[np.ndarray]:
        """What is seen around each sample, less the base: rows of 2 context C numbers."""
        reach = self._gap + self._context
        padded = np.pad(values - self._base, ((reach, reach), (0, 0)), mode="edge")
        windows = windows_of(padded, 2 * reach + 1)
        for start in range(0, len(windows), _CHUNK):
            part = windows[start : start + _CHUNK]
            seen = [part[:, : self._context], part[:, -self._context :]]
            yield _rows(np.concatenate(seen, axis=1))


def _rows(windows: np.ndarray) -> np.ndarray:
    return rearrange(windows, "n w c -> n (w c)")


def _lstm_forecaster(**settings: int) -> Baseline:
    """Import torch only for the one that needs it."""
    from tgan.anomaly.series.baselines.forecaster import LSTMForecaster

    return LSTMForecaster(**settings)


BASELINES: dict[str, Callable[..., Baseline]] = {
    "constant_median": ConstantMedian,
    "moving_average": MovingAverage,
    "trailing_average": partial(MovingAverage, trailing=True),
    "pca": WindowComponents,
    "linear_context": LinearContext,
    "lstm_forecaster": _lstm_forecaster,
    "matrix_profile": MatrixProfile,
}
