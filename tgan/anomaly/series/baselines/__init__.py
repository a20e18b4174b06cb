"""Baselines: detectors that TadGAN is compared with, for the same scores and intervals.

Those that learn nothing show how much of a result is due to post-processing alone.
"""

from collections.abc import Callable
from functools import partial

from tgan.anomaly.series.baselines.averages import ConstantMedian, MovingAverage
from tgan.anomaly.series.baselines.base import WINDOW, Baseline, Reconstructor
from tgan.anomaly.series.baselines.components import WindowComponents
from tgan.anomaly.series.baselines.linear_context import LinearContext
from tgan.anomaly.series.baselines.matrix_profile import MatrixProfile

__all__ = [
    "BASELINES",
    "WINDOW",
    "Baseline",
    "ConstantMedian",
    "LinearContext",
    "MatrixProfile",
    "MovingAverage",
    "Reconstructor",
    "WindowComponents",
]


def _lstm_forecaster(**settings: int) -> Baseline:
    """Import torch only for the one baseline that needs it."""
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
