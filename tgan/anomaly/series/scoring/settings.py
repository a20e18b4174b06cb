"""Settings of scoring, and those of the presets."""

from dataclasses import dataclass, field
from numbers import Integral

from tgan._moved import moved_names
from tgan.anomaly.series.scoring.intervals import Threshold
from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS
from tgan.anomaly.series.scoring.scores import COMBINATIONS
from tgan.lookup import look_up

__getattr__ = moved_names(
    __name__,
    {
        "Scoring": f"{__name__}:ScoringSettings",
        "SCORINGS": f"{__name__}:PRESET_SCORINGS",
        "Scored": "tgan.anomaly.series.scoring.scores:Scores",
    },
)


@dataclass(frozen=True)
class ScoringSettings:
    """Settings of the way from a reconstruction and a critic to scores and intervals.

    Attributes:
        error: a name in `tgan.anomaly.series.scoring.reconstruction_errors.ERRORS`.
        combination: a name in `tgan.anomaly.series.scoring.scores.COMBINATIONS`.
        smoothing: window of the moving means in segments; None for a hundredth of the number of
            windows, as published. Anomalies that are much shorter are smoothed away.
        threshold: see `Threshold`.
        false_alarms: for scores by the training series: how many intervals are expected by chance
            in a normal series as long as the training one, in (0, 1), see `level_of`.

    Raises:
        ValueError: an unknown name, or a number out of its range.

    Example:
        >>> scoring = ScoringSettings(error="area", smoothing=10)
        >>> detector = TadGANDetector("dense", scoring=scoring)
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


# Of every preset in `tgan.anomaly.series.presets.PRESETS`.
PRESET_SCORINGS = {
    "context": ScoringSettings(),
    "dense": ScoringSettings(),
    "published": ScoringSettings(combination="product"),
}
# The series that counts as normal: the scored one, as published, or the training series.
REFERENCES = ("series", "training")
