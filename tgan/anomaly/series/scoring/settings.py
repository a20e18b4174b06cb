"""How a detector scores, and what it says of a series."""

from dataclasses import dataclass, field
from numbers import Integral

import numpy as np

from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.scoring.intervals import Threshold
from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS
from tgan.anomaly.series.scoring.scores import COMBINATIONS
from tgan.lookup import look_up


@dataclass(frozen=True)
class Scoring:
    """How a reconstruction and a critic become scores, and scores intervals.

    Attributes:
        error: a name in `tgan.anomaly.series.scoring.reconstruction_errors.ERRORS`.
        combination: a name in `tgan.anomaly.series.scoring.scores.COMBINATIONS`.
        smoothing: the window of the moving means in segments; by default a hundredth of the number
            of windows, as published. Anomalies that are much shorter are smoothed away.
        threshold: see `Threshold`.
        false_alarms: by the training series alone: intervals that are expected to be found by
            chance in a usual series as long as the training one, in (0, 1), see `level_of`.

    Raises:
        ValueError: an unknown name, or a number out of its range.
    """

    error: str = "dtw"
    combination: str = "reconstruction"
    smoothing: int | None = None
    threshold: Threshold = field(default_factory=Threshold)
    false_alarms: float = 0.1

    def __post_init__(self) -> None:
        look_up(ERRORS, self.error, kind="error")
        look_up(COMBINATIONS, self.combination, kind="combination")
        smoothing = 1 if self.smoothing is None else self.smoothing
        if not isinstance(smoothing, Integral) or smoothing < 1:
            raise ValueError(f"smoothing {smoothing} of scores is no whole number from 1")
        if not 0 < self.false_alarms < 1:
            raise ValueError(f"false_alarms {self.false_alarms} is not between 0 and 1")


# Of every configuration in `tgan.anomaly.series.training.settings.CONFIGURATIONS`.
SCORINGS = {
    "context": Scoring(),
    "dense": Scoring(),
    "published": Scoring(combination="product"),
}
# The series whose errors count as usual: the scored one, as published, or the training series.
REFERENCES = ("series", "training")


@dataclass(frozen=True, eq=False)
class Scored:
    """T segments of a series with what a detector makes of them.

    Attributes:
        series: the segments in the units of the data; NaN where there were no samples.
        reconstruction: (T, C), in the same units.
        critic: (T,), the critic of windows at each time step; higher looks more usual.
        scores: (T,), at least 0; higher is more abnormal.
        reference: whose errors they take as usual, in `REFERENCES`.
    """

    series: Series
    reconstruction: np.ndarray
    critic: np.ndarray
    scores: np.ndarray
    reference: str = "series"
