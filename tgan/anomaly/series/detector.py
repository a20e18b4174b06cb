"""A detector of anomalies in time series: fit on what is usual, then score and detect.

Source: Geiger et al. 2020, section V.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from tgan.anomaly.series.data.series import (
    Scaler,
    Series,
    aggregate_stream,
    as_series,
    check_interval,
    check_known,
)
from tgan.anomaly.series.data.streaming import local
from tgan.anomaly.series.scoring.intervals import (
    find_intervals,
    intervals_above,
    intervals_above_stream,
    level_of,
)
from tgan.anomaly.series.scoring.measures import (
    Instrument,
    Measures,
    check_length,
    training_windows,
)
from tgan.anomaly.series.scoring.scores import Reference, smoothing_window
from tgan.anomaly.series.scoring.settings import REFERENCES, SCORINGS, Scored, Scoring
from tgan.anomaly.series.training.loop import train
from tgan.anomaly.series.training.settings import CONFIGURATIONS, TadGANSettings
from tgan.lookup import look_up
from tgan.system.device import usable_device
from tgan.training.steps import Terms

# Takes the number of a step from 1, the number of all steps, and the terms of
# `tgan.anomaly.series.training.steps.cycle_step`.
Report = Callable[[int, int, Terms], None]


class TadGANDetector:
    """Fits a TadGAN to a series, and tells how abnormal segments of this or another one are.

    Methods take a `Series`, or an array (N,) or (N, C) of samples at times 0, 1, 2, ...

    Args:
        settings: of networks and training, or the name of a configuration in `CONFIGURATIONS`.
            The series sets their channels.
        scoring: how scores and intervals are made; by default that of the named configuration in
            `SCORINGS`, or else `Scoring()`.
        interval: seconds over which samples are averaged; by default the median time between
            samples of the training series.
        steps: updates of encoder and decoder, in place of those of the settings.
        allow_constant: whether a training series may be constant, of which nothing is learned but
            where it is.
        seed: of everything that is random.
        device: of the networks.

    Attributes:
        settings, scoring: as given, with the channels of the series; what was learned depends on
            them, so that another scoring takes another `fit`.
        interval_: seconds.
        names_: of the channels.
        scaler_: of values.
        networks_: in inference order: `encoder`, `decoder`, `window_critic`, `latent_critic`.
        reference_: errors and critic values of the training series.
        training_: the scored training series; None where the detector was read from a folder.
        level_: the score beyond which a segment is abnormal by what the training series is like.

    Raises:
        ValueError: an unknown configuration, a device that is not there, an interval that is no
            whole number from 1, or a seed or a number of steps that is none from 0.
    """

    def __init__(
        self,
        settings: TadGANSettings | str = "context",
        *,
        scoring: Scoring | None = None,
        interval: int | None = None,
        steps: int | None = None,
        allow_constant: bool = False,
        seed: int = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        if isinstance(settings, str):
            name, settings = settings, look_up(CONFIGURATIONS, settings, kind="configuration")
            scoring = scoring or SCORINGS[name]
        if interval is not None:
            check_interval(interval)
        if steps is not None:
            settings = replace(settings, steps=steps)
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise ValueError(f"seed {seed} of a detector is no whole number from 0")
        self.settings, self._scoring = settings, scoring or Scoring()
        self.interval, self.allow_constant, self.seed = interval, allow_constant, seed
        self.device = usable_device(device)
        self.networks_: dict[str, nn.Module] = {}
        self.training_: Scored | None = None

    @property
    def scoring(self) -> Scoring:
        """How it scores."""
        return self._scoring

    def fit(
        self,
        series: Series | np.ndarray,
        *,
        report: Report = lambda step, steps, terms: None,
    ) -> "TadGANDetector":
        """Train on a series that is usual for the most part, and keep what is usual in it.

        Where this fails, what an earlier `fit` learned is as it was.

        Args:
            report: called after every step.

        Raises:
            ValueError: fewer segments than a window, a channel without values, a series that is
                constant unless that is allowed, or networks that cannot be built.
            ArithmeticError: a loss is not finite.
        """
        series = as_series(series)
        interval = self.interval or series.median_step
        segments = series.aggregate(interval)
        scaler = Scaler.fit(segments, allow_constant=self.allow_constant)
        settings = replace(self.settings, channels=len(series.names))
        check_length(len(segments), settings)
        self._check_smoothing(segments)
        networks = self._trained(settings, scaler.transform(segments.values), report)
        measures = Instrument(settings, scaler, networks, self.scoring.error).measure(segments)
        usual = self._usual(measures)
        scores = self._scores(usual, measures, self.scoring.combination)

        # All at once, now that nothing can fail.
        self.settings, self.interval_, self.names_ = settings, interval, series.names
        self.scaler_, self.networks_, self.reference_ = scaler, networks, usual
        self.training_ = self._scored(measures, scores, "training")
        self.level_ = level_of(
            scores, block=settings.window, false_alarms=self.scoring.false_alarms
        )
        return self

    def score(self, series: Series | np.ndarray, *, reference: str = "series") -> Scored:
        """How abnormal every segment of a series is.

        Where values are missing, their mean in training takes their place. Where steps of windows
        are hidden, the first and the last `TadGANSettings.margin` segments, which are in no
        middle, are reconstructed from windows that see them.

        Args:
            reference: whose errors are usual: those of the scored `series` itself, as published,
                or of the `training` series, so that no score depends on what comes much later.

        Raises:
            ValueError: not fitted, other channels, one without any value, fewer segments than a
                window, or an unknown reference.
        """
        _check_reference(reference)
        return self.scored(self.measure(series), reference=reference)

    def measure(self, series: Series | np.ndarray) -> Measures:
        """What scores of a series are made of.

        Raises:
            ValueError: as of `score`.
        """
        series = as_series(series)
        self._check_fitted()
        self._check_channels(series)
        check_known(series)
        segments = series.aggregate(self.interval_)
        check_length(len(segments), self.settings)
        self._check_smoothing(segments)
        return self._instrument().measure(segments)

    def scored(
        self, measures: Measures, *, reference: str = "series", combination: str | None = None
    ) -> Scored:
        """Scores of what was measured.

        Args:
            reference: as of `score`.
            combination: in place of that of `scoring`; by the scored series alone, since `level_`
                is of that one.

        Raises:
            ValueError: an unknown reference or combination, or another one by the training series.
        """
        _check_reference(reference)
        own = self.scoring.combination
        combination = combination or own
        if reference == "series":
            scores = self._scores(self._usual(measures), measures, combination)
        elif combination == own:
            scores = self._scores(self.reference_, measures, own)
        else:
            raise ValueError(f"by the training series scores combine by '{own}', as in fit")
        return self._scored(measures, scores, reference)

    def detect(
        self, series: Series | np.ndarray, *, reference: str = "series"
    ) -> list[tuple[int, int]]:
        """Closed intervals of abnormal segments in epoch seconds, see `intervals_of`.

        Args, Raises: as of `score`.
        """
        return self.intervals_of(self.score(series, reference=reference))

    def intervals_of(self, scored: Scored) -> list[tuple[int, int]]:
        """The intervals in what `score` gave.

        Scores by the series are cut as published (`find_intervals`), those by the training series
        at `level_`. Both ends of an interval are times at which a segment starts. Of a part of a
        stream they are those of this part alone, see `detect_stream`.

        Raises:
            ValueError: not fitted.
        """
        self._check_fitted()
        times, threshold = scored.series.timestamps, self.scoring.threshold
        if scored.reference == "series":
            return find_intervals(scored.scores, times, threshold=threshold)
        return intervals_above(scored.scores, times, level=self.level_, padding=threshold.padding)

    def stream(self, chunks: Iterable[Series | np.ndarray]) -> Iterator[Scored]:
        """Scores by the training series of a series that comes in consecutive parts.

        They equal those of `score` with that reference up to rounding; only that a channel may be
        without any value. What is in memory is a part, a window, and a window of the smoothing; a
        segment is scored a window, 5 segments and half the smoothing later than it comes. An array
        goes on a second after the part before it.

        Raises:
            ValueError: not fitted, or an error that only a whole series has (`dtw_orion`), which
                is said at once; other channels, parts that do not follow each other (see
                `aggregate_stream`), or fewer segments than a window in all.
        """
        self._check_fitted()
        segments = aggregate_stream(self._following(chunks), self.interval_)
        records = self._instrument().stream(segments)
        smoothing = self.reference_.smoothing
        before, after = smoothing // 2, (smoothing - 1) // 2
        finished = local(records, self._with_scores, before=before, after=after)
        return (self._scored(Measures.of(block), block["scores"], "training") for block in finished)

    def detect_stream(self, chunks: Iterable[Series | np.ndarray]) -> Iterator[tuple[int, int]]:
        """The intervals of `detect` by the training series, each as soon as it has ended.

        Args, Raises: as of `stream`.
        """
        parts = ((part.scores, part.series.timestamps) for part in self.stream(chunks))
        padding = self.scoring.threshold.padding
        return intervals_above_stream(parts, level=self.level_, padding=padding)

    def _following(self, chunks: Iterable[Series | np.ndarray]) -> Iterator[Series]:
        start = 0
        for chunk in chunks:
            series = as_series(chunk, start=start)
            self._check_channels(series)
            yield series
            start = int(series.timestamps[-1]) + 1

    def _with_scores(self, records: np.ndarray) -> np.ndarray:
        found = records.copy()
        measures, combination = Measures.of(records), self.scoring.combination
        found["scores"] = self._scores(self.reference_, measures, combination)
        return found

    def _check_fitted(self) -> None:
        if not self.networks_:
            raise ValueError("the detector has to be fitted first")

    def _check_channels(self, series: Series) -> None:
        if series.names != self.names_:
            raise ValueError(
                f"a series of {', '.join(series.names)}; fitted on {', '.join(self.names_)}"
            )

    def _check_smoothing(self, segments: Series) -> None:
        if (self.scoring.smoothing or 1) > len(segments):
            raise ValueError(
                f"smoothing {self.scoring.smoothing} of scores is more than the series has "
                f"segments ({len(segments)})"
            )

    def _trained(
        self, settings: TadGANSettings, scaled: np.ndarray, report: Report
    ) -> dict[str, nn.Module]:
        """Networks trained on the windows of scaled values, in inference mode."""
        windows = training_windows(scaled, settings, device=self.device)
        steps = settings.steps_of(len(windows))
        task = train(
            windows,
            settings,
            seed=self.seed,
            steps=steps,
            device=self.device,
            report=lambda step, terms: report(step + 1, steps, terms),
        )
        return {name: network.eval() for name, network in task.networks().items()}

    def _instrument(self) -> Instrument:
        return Instrument(self.settings, self.scaler_, self.networks_, self.scoring.error)

    def _usual(self, measures: Measures) -> Reference:
        windows = len(measures.errors) - self.settings.window + 1
        smoothing = self.scoring.smoothing or smoothing_window(windows)
        return Reference.of(measures.errors, measures.critic, smoothing=smoothing)

    def _scores(self, usual: Reference, measures: Measures, combination: str) -> np.ndarray:
        return usual.scores(measures.errors, measures.critic, combination=combination)

    def _scored(self, measures: Measures, scores: np.ndarray, reference: str) -> Scored:
        series = Series(measures.times, measures.values, self.names_)
        made = self.scaler_.inverse(measures.made)
        return Scored(series, made, measures.critic, scores, reference)


def _check_reference(reference: str) -> None:
    look_up(dict.fromkeys(REFERENCES), reference, kind="reference")
