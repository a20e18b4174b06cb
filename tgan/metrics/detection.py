"""How well scores tell abnormal samples from normal ones, with bootstrap intervals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from tgan.rng import Stream, numpy_rng

RESAMPLES, LEVEL = 1000, 0.95
# In memory at once.
_MAX_NUMBERS = 10_000_000

DETECTION_METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "auc": roc_auc_score,
    "average_precision": average_precision_score,
}


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its interval."""

    value: float
    low: float
    high: float


def detection_metrics(
    scores: np.ndarray,
    is_abnormal: np.ndarray,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Estimate]:
    """`auc`, the area under the ROC curve, and `average_precision`, which chance makes the share
    of abnormal samples.

    Intervals are percentiles over resamples with replacement, of normal and abnormal samples
    apart, so that every resample has as many of each (Efron and Tibshirani 1993, section 13.3).
    They say what other pictures would change, not what another training run would.

    Args:
        scores: (N,), higher is more abnormal.
        is_abnormal: (N,), bool.
        resamples: at least 1.
        level: the share of resamples within the interval.

    Raises:
        ValueError: shapes that differ, a score that is not finite, or samples of one kind only.
    """
    scores, is_abnormal = np.asarray(scores, np.float64), np.asarray(is_abnormal, bool)
    _check(scores, is_abnormal)
    drawn = _resampled(scores, is_abnormal, resamples, numpy_rng(Stream.DETECTION, seed))
    outside = (1 - level) / 2
    return {
        name: Estimate(
            float(metric(is_abnormal, scores)),
            *np.quantile(drawn[name], [outside, 1 - outside]).tolist(),
        )
        for name, metric in DETECTION_METRICS.items()
    }


def _resampled(
    scores: np.ndarray, is_abnormal: np.ndarray, resamples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Each metric in every resample: (resamples,).

    scikit-learn's definitions for many resamples at once, which takes a hundredth of its time.
    """
    order = np.argsort(-scores, kind="stable")
    # The last place of each run of equal scores: a threshold lies behind it.
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    parts = []
    at_once = max(_MAX_NUMBERS // len(scores), 1)
    for first in range(0, resamples, at_once):
        count = min(at_once, resamples - first)
        hits, misses = (
            _times_drawn(is_abnormal[order] == kind, count, rng).cumsum(1)[:, ends]
            for kind in (True, False)
        )
        parts.append(_areas(hits, misses))
    return {name: np.concatenate([part[name] for part in parts]) for name in DETECTION_METRICS}


def _times_drawn(members: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of N samples is in each of `count` resamples of the members: (count, N)."""
    size = int(members.sum())
    times = np.zeros((count, len(members)), np.int64)
    times[:, members] = rng.multinomial(size, np.full(size, 1 / size), count)
    return times


def _areas(hits: np.ndarray, misses: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics from abnormal and normal samples above falling thresholds, both (R, thresholds)."""
    new_hits, new_misses = (np.diff(above, axis=1, prepend=0) for above in (hits, misses))
    pairs = hits[:, -1] * misses[:, -1]
    precisions = hits / np.maximum(hits + misses, 1)
    return {
        "auc": (new_misses * (hits - new_hits / 2)).sum(1) / pairs,
        "average_precision": (new_hits * precisions).sum(1) / hits[:, -1],
    }


def _check(scores: np.ndarray, is_abnormal: np.ndarray) -> None:
    if scores.ndim != 1 or scores.shape != is_abnormal.shape:
        raise ValueError(f"scores {scores.shape} and truth {is_abnormal.shape}; both are (N,)")
    if not np.isfinite(scores).all():
        raise ValueError(f"{np.sum(~np.isfinite(scores))} of {len(scores)} scores are not finite")
    abnormal = int(is_abnormal.sum())
    if not 0 < abnormal < len(scores):
        raise ValueError(
            f"{abnormal} of {len(scores)} samples are abnormal; at least one of each kind is needed"
        )
