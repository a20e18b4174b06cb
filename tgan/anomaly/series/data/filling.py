"""Gaps in series, filled from their neighbours or with means."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tgan.lookup import look_up

# Segments of the longest gap that is filled from its neighbours: a window of most presets. Lines in
# normal waves are found less often than means, also in long gaps, see docs/series.md.
LONGEST = 100


@dataclass(frozen=True)
class Fill:
    """A way to fill gaps.

    Attributes:
        of_short: maps a column (T,), the places (T,) of the last value before or at each place and
            of the first one after or at it, to what short gaps are filled with (T,). Places outside
            of the column stand for no value. None where all gaps are filled with means.
        is_masked: whether what was filled counts for nothing: no window with a gap is trained on,
            and errors in gaps are 0.
    """

    of_short: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] | None = None
    is_masked: bool = False


def fill_gaps(
    scaled: np.ndarray, is_missing: np.ndarray, *, how: str, longest: int = LONGEST
) -> np.ndarray:
    """Fill short gaps from their neighbours; longer ones stay as they are.

    What comes to a place depends on the `longest` + 1 places before and after it alone.

    Args:
        scaled: (T, C), with means in gaps.
        is_missing: (T, C).
        how: a name in `FILLS`.
        longest: places of the longest gap that is short.

    Returns:
        (T, C); at the ends of the series short gaps take the nearest value.
    """
    of_short = look_up(FILLS, how, kind="fill").of_short
    if of_short is None or not is_missing.any():
        return scaled
    filled = scaled.copy()
    for channel in np.flatnonzero(is_missing.any(0) & ~is_missing.all(0)):
        column, missing = scaled[:, channel], is_missing[:, channel]
        before, after = _neighbours(missing)
        is_short = missing & (after - before - 1 <= longest)
        filled[is_short, channel] = of_short(column, before, after)[is_short]
    return filled


def waiting_for_values(is_missing: np.ndarray, *, how: str, longest: int = LONGEST) -> int:
    """Count the places at the end of a part (T, C) in gaps that may still turn out to be short."""
    if look_up(FILLS, how, kind="fill").of_short is None:
        return 0
    last = [int(_neighbours(missing)[0][-1]) for missing in is_missing.T]
    waits = [len(is_missing) - 1 - place for place in last]
    return max((wait for wait in waits if wait <= longest), default=0)


def gaps_of(is_missing: np.ndarray, *, longest: int = LONGEST) -> tuple[int, int]:
    """Count the places (T,) in gaps of at most `longest` places, and those in longer ones."""
    before, after = _neighbours(is_missing)
    is_long = is_missing & (after - before - 1 > longest)
    return int((is_missing & ~is_long).sum()), int(is_long.sum())


def _neighbours(is_missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the places of the values before and after each place, -1 and T where there is none."""
    places, count = np.arange(len(is_missing)), len(is_missing)
    before = np.maximum.accumulate(np.where(is_missing, -1, places))
    after = np.minimum.accumulate(np.where(is_missing, count, places)[::-1])[::-1]
    return before, after


def _linear(column: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    first, last = _values(column, before, after), _values(column, after, before)
    shares = (np.arange(len(column)) - before) / np.maximum(after - before, 1)
    return first + shares * (last - first)


def _values(column: np.ndarray, places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Take the values at places, or those on the other side where there is none."""
    is_inside = (places >= 0) & (places < len(column))
    return column[np.clip(np.where(is_inside, places, others), 0, len(column) - 1)]


FILLS = {
    "linear": Fill(_linear),
    "previous": Fill(_values),
    "mean": Fill(),
    "none": Fill(_linear, is_masked=True),
}
DEFAULT_FILL = "linear"
