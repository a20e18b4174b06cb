"""Reconstructions without a network, for the same scores and intervals as a network's.

A detector that does not beat them has learned nothing that its post-processing does not do.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from einops import rearrange
from sklearn.decomposition import PCA

from tgan.tadgan.errors import reconstruct_stream
from tgan.tadgan.reconstructor import Baseline, Reconstructor
from tgan.tadgan.scores import smooth
from tgan.tadgan.series import windows_of

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


def _rows(windows: np.ndarray) -> np.ndarray:
    return rearrange(windows, "n w c -> n (w c)")


BASELINES: dict[str, Callable[[], Baseline]] = {
    "constant_median": ConstantMedian,
    "moving_average": MovingAverage,
    "trailing_average": partial(MovingAverage, trailing=True),
    "pca": WindowComponents,
}
