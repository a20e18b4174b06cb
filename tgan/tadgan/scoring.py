"""How a detector scores, and what it says of a series."""

from dataclasses import dataclass, field

import numpy as np

from tgan.lookup import look_up
from tgan.tadgan.errors import ERRORS
from tgan.tadgan.intervals import Threshold
from tgan.tadgan.scores import COMBINATIONS
from tgan.tadgan.series import Series


@dataclass(frozen=True)
class Scoring:
    """How a reconstruction and a critic become scores, and scores intervals.

    Attributes:
        error: a name in `tgan.tadgan.errors.ERRORS`.
        combination: a name in `tgan.tadgan.scores.COMBINATIONS`.
        smoothing: the window of the moving means in segments; by default a hundredth of the number
            of windows, as published. Anomalies that are much shorter are smoothed away.
        threshold: see `Threshold`.

    Raises:
        ValueError: an unknown name.
    """

    error: str = "dtw"
    combination: str = "reconstruction"
    smoothing: int | None = None
    threshold: Threshold = field(default_factory=Threshold)

    def __post_init__(self) -> None:
        look_up(ERRORS, self.error, kind="error")
        look_up(COMBINATIONS, self.combination, kind="combination")
        if self.smoothing is not None and self.smoothing < 1:
            raise ValueError(f"smoothing {self.smoothing} of scores is below 1")


# Of a configuration by its name, where it is another one.
SCORINGS = {"published": Scoring(combination="product")}


@dataclass(frozen=True, eq=False)
class Scored:
    """T segments of a series with what a detector makes of them.

    Attributes:
        series: the segments in the units of the data; NaN where there were no samples.
        reconstruction: (T, C), in the same units.
        critic: (T,), the critic of windows at each time step; higher looks more usual.
        scores: (T,), at least 0; higher is more abnormal.
    """

    series: Series
    reconstruction: np.ndarray
    critic: np.ndarray
    scores: np.ndarray
