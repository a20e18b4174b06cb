"""Values of the critic at time steps, from its scores of the windows that cover them.

Source: Geiger et al. 2020, section V-B; numbers as in Orion's `score_anomalies`.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# Time steps whose densities are estimated at once: small enough for a cache.
_CHUNK = 128


def critic_values(critic: np.ndarray, length: int) -> np.ndarray:
    """Take, at each time step, the score of highest density among the windows that cover it.

    The density is a Gaussian kernel estimate with Scott's bandwidth over these up to W scores; if
    scores are equally dense, that of the last window counts.

    Args:
        critic: (n,), scores of the windows that start at each time step.
        length: W.

    Returns:
        (n + W - 1,).
    """
    critic = np.asarray(critic, np.float64).reshape(-1)
    return _critic_values(critic, length, 0, len(critic) + length - 1)


def _critic_values(critic: np.ndarray, length: int, first: int, last: int) -> np.ndarray:
    """Compute `critic_values` from step `first` up to, but without, `last`."""
    if not np.isfinite(critic).all():
        raise ValueError("the critic's scores are not finite")
    found = np.empty(last - first)
    # Steps that W windows cover, of which many are estimated at once.
    full = range(max(first, length - 1), min(last, len(critic)))
    for start in full[::_CHUNK]:
        covering = critic[start - length + 1 : min(start + _CHUNK, full.stop)]
        # The scores at each step from the last window to the first, as Orion has them.
        rows = sliding_window_view(covering, length)[:, ::-1]
        found[start - first :][: len(rows)] = _modes(rows)
    for step in range(first, last):
        if step not in full:
            covering = critic[max(0, step - length + 1) : step + 1]
            found[step - first] = _modes(covering[None, ::-1])[0]
    return found


def _modes(rows: np.ndarray) -> np.ndarray:
    """Take of each row (T, K) the number at which a kernel density of the row is highest."""
    rows = np.ascontiguousarray(rows)
    count = rows.shape[1]
    if count == 1:
        return rows[:, 0]
    # Scott's rule: the unbiased variance times K^(-2/5).
    squares = rows.var(1, ddof=1) * count ** (-2 / 5)
    # Where all are equal every density is 1 and the first member, which is the median, is taken.
    scales = np.divide(0.5, squares, out=np.zeros_like(squares), where=squares > 1e-300)
    scaled = (rows - rows[:, :1]) * np.sqrt(scales)[:, None]
    densities = np.ones_like(rows)
    # Every pair once: at each lag the kernel belongs to both of its ends.
    for lag in range(1, count):
        kernels = np.exp(-np.square(scaled[:, lag:] - scaled[:, :-lag]))
        densities[:, lag:] += kernels
        densities[:, :-lag] += kernels
    return rows[np.arange(len(rows)), densities.argmax(1)]


def critic_values_stream(batches: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """Yield `critic_values` from consecutive batches of the windows' scores."""
    held = np.empty(0)
    for batch in batches:
        block = np.concatenate([held, batch])
        yield _critic_values(block, length, len(held), len(block))
        held = block[max(0, len(block) - length + 1) :]
    if len(held):
        yield _critic_values(held, length, len(held), len(held) + length - 1)
