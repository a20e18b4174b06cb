"""How well scores tell abnormal samples from normal ones, with bootstrap intervals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from tgan.rng import Stream, numpy_rng

RESAMPLES, LEVEL = 1000, 0.95

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
    kinds = [np.flatnonzero(is_abnormal == kind) for kind in (False, True)]
    rng = numpy_rng(Stream.DETECTION, seed)
    drawn = {name: [] for name in DETECTION_METRICS}
    for _ in range(resamples):
        rows = np.concatenate([rng.choice(kind, len(kind)) for kind in kinds])
        for name, metric in DETECTION_METRICS.items():
            drawn[name].append(metric(is_abnormal[rows], scores[rows]))
    outside = (1 - level) / 2
    return {
        name: Estimate(
            float(metric(is_abnormal, scores)),
            *np.quantile(drawn[name], [outside, 1 - outside]).tolist(),
        )
        for name, metric in DETECTION_METRICS.items()
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
