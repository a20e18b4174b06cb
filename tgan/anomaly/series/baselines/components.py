"""Principal components of windows, the linear counterpart of an autoencoder."""

import numpy as np
from sklearn.decomposition import PCA

from tgan.anomaly.series.baselines.base import WINDOW, Reconstructor, rows_of
from tgan.anomaly.series.data.series import windows_of
from tgan.anomaly.series.scoring.reconstruction_errors import reconstruct_stream

# Windows projected at once.
_CHUNK = 4096


class WindowComponents(Reconstructor):
    """Projects windows on principal components, and takes medians as of a network's windows.

    Components along which the training windows do not vary are left out, since they are arbitrary.

    Args:
        components: at most so many; TadGAN's latent has as many numbers.
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
        """Compute the components of all windows of values (N, C)."""
        rows = rows_of(windows_of(values, self._length))
        if self._components > min(rows.shape):
            raise ValueError(
                f"{self._components} components of {rows.shape[0]} windows of {rows.shape[1]} "
                "numbers; there are at most as many as the smaller count"
            )
        # Of a constant, shares of variance are 0 / 0.
        with np.errstate(invalid="ignore"):
            pca = PCA(self._components, svd_solver="full").fit(rows)
        sizes = pca.singular_values_
        varies = sizes > sizes[0] * max(rows.shape) * np.finfo(sizes.dtype).eps
        self._mean, self._basis = pca.mean_, pca.components_[varies]
        return self

    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """Take the medians over projected windows, (N, C)."""
        windows = windows_of(values, self._length)
        batches = (windows[i : i + _CHUNK] for i in range(0, len(windows), _CHUNK))
        return np.concatenate(list(reconstruct_stream(map(self._projected, batches))))

    def _projected(self, windows: np.ndarray) -> np.ndarray:
        rows = (rows_of(windows) - self._mean) @ self._basis.T @ self._basis + self._mean
        return rows.reshape(windows.shape)
