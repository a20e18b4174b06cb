"""Methods of the comparison: baselines, and TadGANs by their configurations."""

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tgan.anomaly.series.baselines import BASELINES, WINDOW, WindowComponents
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.sets import Labelled
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.presets import PRESETS
from tgan.anomaly.series.scoring.intervals import find_intervals
from tgan.anomaly.series.scoring.reconstruction_errors import mean_squared_error
from tgan.anomaly.series.scoring.scores import COMBINATIONS, NormalStatistics
from tgan.anomaly.series.scoring.settings import PRESET_SCORINGS, ScoringSettings
from tgan.anomaly.series.scoring.smoothing import smoothing_window
from tgan.anomaly.series.training.settings import TadGANSettings

# The combination of scores that a baseline has, which has no critic.
ERRORS_ALONE = "reconstruction"
# What `Outcome.error` means. The first version counted filled gaps, too.
ERROR_VERSION = 2


@dataclass(frozen=True)
class Outcome:
    """Findings of a method on a series.

    Attributes:
        intervals: found ones, by the combination of scores that they come from.
        seconds: of fitting and scoring.
        error: the mean squared error of the reconstruction of scaled values, without those that are
            missing; None without a reconstruction.
        components_error: that of as many principal components of windows as the latent has
            numbers; None of a baseline.
    """

    intervals: dict[str, list[tuple[float, float]]]
    seconds: float
    error: float | None = None
    components_error: float | None = None


@dataclass(frozen=True)
class BaselineMethod:
    """A baseline.

    Attributes:
        name: in `BASELINES`.
        seeded: whether another seed gives another result.
    """

    name: str
    seeded: bool = False
    combination: str = ERRORS_ALONE

    def settings(self) -> dict[str, Any]:
        """Everything that its results depend on beside series and seed."""
        # All baselines keep their arguments, each under its name.
        kept = {name.lstrip("_"): value for name, value in vars(BASELINES[self.name]()).items()}
        return {
            "baseline": self.name,
            "parameters": {name: value for name, value in kept.items() if name != "seed"},
            "window": WINDOW,
            "scoring": asdict(ScoringSettings()),
        }

    def check(self) -> None:
        """Raise a ValueError where something that it needs is not installed."""
        BASELINES[self.name]()

    def run(self, series: Labelled, *, seed: int) -> Outcome:
        """Fit it to the training part of a series, and find intervals in the other one."""
        start = time.perf_counter()
        train, test = (part.aggregate(series.interval) for part in (series.train, series.test))
        scaler = Scaler.fit(train, allow_constant=True)
        made = {"seed": seed} if self.seeded else {}
        baseline = BASELINES[self.name](**made).fit(scaler.transform(train.values))
        errors = baseline.errors(scaler.transform(test.values), error=ScoringSettings().error)
        smoothing = smoothing_window(len(errors) - WINDOW + 1)
        normal = NormalStatistics.of(errors, smoothing=smoothing)
        scores = normal.scores(errors, combination=ERRORS_ALONE)
        found = find_intervals(scores, test.timestamps, threshold=ScoringSettings().threshold)
        return Outcome({ERRORS_ALONE: found}, time.perf_counter() - start)


@dataclass(frozen=True)
class TadGANMethod:
    """A TadGAN.

    Attributes:
        configuration: its settings.
        scoring: its error and threshold, and the combination that decides.
    """

    configuration: TadGANSettings
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    seeded: bool = True

    @property
    def combination(self) -> str:
        """The one that decides."""
        return self.scoring.combination

    def settings(self) -> dict[str, Any]:
        """Everything that its results depend on beside series and seed."""
        return {
            "configuration": asdict(self.configuration),
            "scoring": asdict(self.scoring),
            "error_version": ERROR_VERSION,
        }

    def check(self) -> None:
        """Nothing that may be missing is needed."""

    def run(self, series: Labelled, *, seed: int) -> Outcome:
        """Fit it to the training part of a series, and find intervals in the other one.

        As published, segments begin at the first sample, and gaps are filled with means.
        """
        start = time.perf_counter()
        segments, test = (part.aggregate(series.interval) for part in (series.train, series.test))
        detector = TadGANDetector(
            self.configuration,
            scoring=self.scoring,
            interval=series.interval,
            fill="mean",
            allow_constant=True,
            seed=seed,
        ).fit(segments)
        reconstruction = detector.reconstruct(test)
        detector.scores_of(reconstruction)
        seconds = time.perf_counter() - start
        found = {}
        for combination in COMBINATIONS:
            scores = detector.scores_of(reconstruction, combination=combination)
            found[combination] = detector.intervals_of(scores)
        values = detector.scaler_.transform(reconstruction.values)
        train = detector.scaler_.transform(segments.values)
        length = self.configuration.window
        # There are no more components than windows.
        count = min(self.configuration.latent_size, len(train) - length + 1)
        components = WindowComponents(count, length=length).fit(train)
        return Outcome(
            found,
            seconds,
            mean_squared_error(
                reconstruction.values, reconstruction.reconstruction, detector.scaler_
            ),
            mean_squared_error(
                reconstruction.values, components.reconstruct(values), detector.scaler_
            ),
        )


Method = BaselineMethod | TadGANMethod


def _tadgan(name: str, **changes: int | str) -> TadGANMethod:
    """A configuration with changes, and its own scoring."""
    return TadGANMethod(replace(PRESETS[name], **changes), PRESET_SCORINGS[name])


METHODS: dict[str, Method] = {
    **{name: BaselineMethod(name) for name in BASELINES},
    "lstm_forecaster": BaselineMethod("lstm_forecaster", seeded=True),
    **{name: _tadgan(name) for name in PRESETS},
    **{f"{name}_untrained": _tadgan(name, steps=0) for name in PRESETS},
    "published_svc": _tadgan("published", constraint="svc"),
    "published_clip": _tadgan("published", constraint="weight_clip"),
}
# All but the published configuration, which takes minutes a series.
QUICK = [name for name in METHODS if not name.startswith("published")]
