"""Matrix profile: errors of samples by the distance of their windows from all others.

Source: Yeh et al. 2016, "Matrix profile I"; in Orion the pipeline `matrixprofile`.
"""

import warnings

import numpy as np

from tgan.anomaly.series.data.series import windows_of
from tgan.anomaly.series.scoring.reconstruction_errors import reconstruct
from tgan.system.extras import require

# Share of a length: windows that start no farther apart count as the same (stumpy's default).
_SAME = 1 / 4


class MatrixProfile:
    """Rates a sample by the distance of the windows that cover it from their nearest neighbours.

    Windows are brought to mean 0 and variance 1; the distance of a window is the Euclidean one
    from its nearest neighbour among the windows of the training series. In that series itself,
    windows that start at most a quarter of a length away do not count. (A series that shares
    only a part with the training series finds itself there.) The error at a time step is the
    median over the windows that cover it, as of reconstructions, and the mean over channels.

    A constant window has no shape: its distance is 0 from any other constant one, and the root of
    the length from all others, less than between uncorrelated windows.

    Nothing is learned. The first call of a process takes half a minute, in which numba compiles.

    Args:
        length: samples in a window.

    Raises:
        ValueError: stumpy is not installed, or a length below 3 (here), too few samples for a
            window with a neighbour, or values that are not finite (in `fit` and `errors`).
    """

    def __init__(self, *, length: int = 100) -> None:
        require("stumpy", extra="series", purpose="matrix profiles")
        if length < 3:
            raise ValueError(f"windows of {length} samples have no profile; the shortest have 3")
        self._length = length

    def fit(self, values: np.ndarray) -> "MatrixProfile":
        """Keep values (N, C)."""
        self._check(values)
        self._train = values.astype(np.float64)
        return self

    def errors(self, values: np.ndarray, *, error: str = "dtw") -> np.ndarray:
        """Compute the distances (T,) of values (T, C).

        Args:
            error: without effect here.
        """
        self._check(values)
        is_train = np.array_equal(values, self._train)
        # The window in the middle of a series has the fewest neighbours.
        shortest = self._length + 2 * int(np.ceil(_SAME * self._length)) + 1
        if is_train and len(values) < shortest:
            raise ValueError(
                f"{len(values)} samples are too few for windows of {self._length} that have "
                f"neighbours: at least {shortest}"
            )
        columns = zip(values.T, self._train.T, strict=True)
        profiles = [
            _profile(one, None if is_train else other, self._length) for one, other in columns
        ]
        spread = np.broadcast_to(
            np.stack(profiles, 1)[:, None], (len(profiles[0]), self._length, len(profiles))
        )
        return reconstruct(spread).mean(1)

    def _check(self, values: np.ndarray) -> None:
        windows_of(values, self._length)
        if not np.isfinite(values).all():
            raise ValueError("a matrix profile needs values that are finite")


def _profile(values: np.ndarray, others: np.ndarray | None, length: int) -> np.ndarray:
    """Compute distances (n,) of the windows of values from those of others, or from each other."""
    import stumpy

    with warnings.catch_warnings():
        # stumpy takes constant windows for matches of windows with themselves.
        warnings.filterwarnings("ignore", "A large number of values in `P`")
        values = np.ascontiguousarray(values, np.float64)
        if others is None:
            found = stumpy.stump(values, length)
        else:
            others = np.ascontiguousarray(others)
            found = stumpy.stump(values, length, others, ignore_trivial=False)
    return found[:, 0].astype(np.float64)
