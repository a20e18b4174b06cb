"""Anomaly detection in time series by TadGAN: fit to a normal series, then score and detect.

Source: Geiger et al. 2020, section V.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tgan._moved import moved_names
from tgan.anomaly.series.data.filling import DEFAULT_FILL, FILLS, fill_gaps
from tgan.anomaly.series.data.grid import check_interval, lead_of
from tgan.anomaly.series.data.reading import as_series, as_several
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import (
    Series,
    check_channels,
    check_has_values,
    one_after_another,
)
from tgan.anomaly.series.presets import settings_of
from tgan.anomaly.series.scoring.intervals import (
    find_intervals,
    intervals_above,
    intervals_above_stream,
    level_of,
)
from tgan.anomaly.series.scoring.narrowing import narrowed
from tgan.anomaly.series.scoring.reconstruction import (
    NetworkReconstructor,
    Reconstruction,
    check_length,
    training_windows,
)
from tgan.anomaly.series.scoring.reconstruction_errors import point_errors
from tgan.anomaly.series.scoring.scores import NormalStatistics, Scores
from tgan.anomaly.series.scoring.settings import REFERENCES, ScoringSettings
from tgan.anomaly.series.scoring.smoothing import smoothing_window
from tgan.anomaly.series.streams import stream_scores
from tgan.anomaly.series.training.loop import train
from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.lookup import look_up
from tgan.system.device import usable_device
from tgan.training.steps import Terms

# What methods take: a series, the path of a CSV, or an array (N,) or (N, C) without times.
Samples = Series | np.ndarray | str | Path
# Takes the number of a step from 1, the number of all steps, and the terms of
# `tgan.anomaly.series.training.steps.cycle_step`.
Report = Callable[[int, int, Terms], None]

# What statistics are made of, in a `Reconstruction`.
_MEASURES = "errors", "critic"

__getattr__ = moved_names(
    __name__,
    {
        "Scored": "tgan.anomaly.series.scoring.scores:Scores",
        "Scoring": "tgan.anomaly.series.scoring.settings:ScoringSettings",
        "Reference": "tgan.anomaly.series.scoring.scores:NormalStatistics",
        "Measures": "tgan.anomaly.series.scoring.reconstruction:Reconstruction",
        "CONFIGURATIONS": "tgan.anomaly.series.presets:PRESETS",
        "SCORINGS": "tgan.anomaly.series.scoring.settings:PRESET_SCORINGS",
    },
)


class TadGANDetector:
    """Fits a TadGAN to a normal series, and finds abnormal intervals in this or another one.

    Methods take a `Series`; the path of a CSV, see `read_series`; or an array (N,) or (N, C) of
    real numbers, samples of one or C channels at the times 0, 1, 2, ... Missing values are NaN.

    Args:
        settings: of networks and training: the name of a preset, `context`, `dense` or
            `published` (`tgan.anomaly.series.presets`), or a `TadGANSettings`. The series sets
            the number of channels.
        scoring: of scores and intervals; by default those of the preset.
        interval: seconds over which samples are averaged, which may be a fraction of one; by
            default the median time between samples of the training series.
        fill: what gaps of up to 100 segments are filled with: `linear`, a line between their
            neighbours; `previous`, the value before; `mean`, that of the training series, which
            longer gaps always take; or `none`, which trains on windows without gaps alone, and
            counts no error in a gap.
        allow_constant: whether a training series may be constant, from which nothing but its
            value is learned.
        seed: of everything that is random.
        device: of the networks.
        **changes: new values of single settings, of `TadGANSettings` or `ScoringSettings`.

    Attributes:
        settings, scoring: as given, with the channels of the series. What was learned depends on
            them: another scoring needs another `fit`.
        interval_: seconds.
        lead_: seconds by which segments begin before their times, see `lead_of`.
        names_: of the channels.
        scaler_: of values.
        networks_: `encoder`, `decoder`, `window_critic` and `latent_critic`, in inference mode.
        statistics_: of errors and critic values of the training series.
        training_: the scored training series, the first of several; None after loading from a
            folder.
        trainings_: all of them.
        level_: the score above which a segment is abnormal, by the training series.

    Raises:
        ValueError: an unknown preset or setting, a device that cannot be used, or a number out of
            its range.

    Example:
        >>> detector = tgan.TadGANDetector("dense", window=20, smoothing=10).fit(normal)
        >>> detector.detect(today)
        [(1396372800, 1396378200)]
        >>> detector.score(today).scores  # (T,), higher is more abnormal
    """

    def __init__(
        self,
        settings: TadGANSettings | str = "context",
        *,
        scoring: ScoringSettings | None = None,
        interval: float | None = None,
        fill: str = DEFAULT_FILL,
        allow_constant: bool = False,
        seed: int = 0,
        device: str | torch.device = "cpu",
        **changes: Any,
    ) -> None:
        interval = None if interval is None else check_interval(interval)
        look_up(FILLS, fill, kind="fill")
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise ValueError(f"seed {seed} of a detector is no whole number from 0")
        self.settings, self._scoring = settings_of(settings, scoring, changes)
        self.interval, self.fill = interval, fill
        self.allow_constant, self.seed = allow_constant, seed
        self.device = usable_device(device)
        self.networks_: dict[str, nn.Module] = {}
        self.training_: Scores | None = None
        self.trainings_: tuple[Scores, ...] = ()

    @property
    def scoring(self) -> ScoringSettings:
        """Settings of scores and intervals."""
        return self._scoring

    def fit(
        self,
        normal: Samples | Sequence[Series | str | Path],
        *,
        report: Report = lambda step, steps, terms: None,
    ) -> "TadGANDetector":
        """Train on a series that is mostly normal, or on several, and keep their statistics.

        If this fails, what an earlier `fit` learned stays as it was.

        Args:
            normal: the training series; or a list of series, or of paths, of the same channels: no
                window reaches from one into another. The first one sets the interval.
            report: is called after every step.

        Returns:
            the detector.

        Raises:
            ValueError: fewer segments than a window has, a channel without values, a constant
                series unless that is allowed, networks that cannot be built; as `as_series`.
            ArithmeticError: a loss is not finite.
        """
        several = as_several(normal)
        interval = self.interval or several[0].median_step
        lead = lead_of(several[0].timestamps, interval)
        parts = [one.aggregate(interval, lead=lead) for one in several]
        scaler = Scaler.fit(one_after_another(parts), allow_constant=self.allow_constant)
        settings = replace(self.settings, channels=len(several[0].names))
        for part in parts:
            check_length(len(part), settings)
            self._check_smoothing(part)
        networks = self._trained(settings, self._windows(parts, scaler, settings), report)
        reconstructor = self._reconstructor(settings, scaler, networks)
        found = [reconstructor.reconstruct(part) for part in parts]
        errors, critic = (np.concatenate([getattr(f, n) for f in found]) for n in _MEASURES)
        statistics = self._statistics_of(errors, critic)
        scores = statistics.scores(errors, critic, combination=self.scoring.combination)

        # All at once, now that nothing can fail.
        self.settings, self.names_ = settings, several[0].names
        self.interval_, self.lead_ = interval, lead
        self.scaler_, self.networks_, self.statistics_ = scaler, networks, statistics
        ends = np.cumsum([len(part) for part in parts])[:-1]
        self.trainings_ = tuple(
            one.with_scores(own, names=self.names_, scaler=scaler, reference="training")
            for one, own in zip(found, np.split(scores, ends), strict=True)
        )
        self.training_ = self.trainings_[0]
        self.level_ = level_of(
            scores, block=settings.window, false_alarms=self.scoring.false_alarms
        )
        return self

    def score(self, series: Samples, *, reference: str = "series") -> Scores:
        """Score how abnormal every segment of a series is.

        Missing values are filled as `fill` says. Where the middle of windows
        is hidden from the encoder, the first and the last `TadGANSettings.margin` segments, which
        lie in no middle, are reconstructed from windows that see them.

        Args:
            reference: which series counts as normal: the scored `series` itself, as published, or
                the `training` series, so that no score depends on much later samples.

        Raises:
            ValueError: the detector is not fitted; other channels, one without any value, fewer
                segments than a window has, or an unknown reference; as `as_series`.
        """
        _check_reference(reference)
        return self.scores_of(self.reconstruct(series), reference=reference)

    def reconstruct(self, series: Samples) -> Reconstruction:
        """Reconstruct a series, with errors and critic values: all that scores depend on.

        Raises:
            ValueError: as `score`.
        """
        self._check_fitted()
        found = as_series(series)
        check_channels(found, self.names_)
        check_has_values(found)
        segments = found.aggregate(self.interval_, lead=self.lead_)
        check_length(len(segments), self.settings)
        self._check_smoothing(segments)
        return self._fitted_reconstructor().reconstruct(segments)

    def scores_of(
        self,
        reconstruction: Reconstruction,
        *,
        reference: str = "series",
        combination: str | None = None,
    ) -> Scores:
        """Compute the scores of what `reconstruct` returned.

        Args:
            reference: as for `score`.
            combination: another one than that of `scoring`; with the reference `series` alone,
                since `level_` belongs to that of `scoring`.

        Raises:
            ValueError: an unknown reference or combination, or another combination with the
                training series as the reference.
        """
        _check_reference(reference)
        own = self.scoring.combination
        combination = combination or own
        if reference == "training" and combination != own:
            raise ValueError(
                f"combination {combination}: with the training series as the reference it is "
                f"'{own}', as in fit"
            )
        found = reconstruction
        own_statistics = self._statistics_of(found.errors, found.critic)
        normal = self.statistics_ if reference == "training" else own_statistics
        return found.with_scores(
            normal.scores(found.errors, found.critic, combination=combination),
            names=self.names_,
            scaler=self.scaler_,
            reference=reference,
        )

    def detect(
        self, series: Samples, *, reference: str = "series", narrow: bool = False
    ) -> list[tuple[float, float]]:
        """Find closed intervals of abnormal segments, in epoch seconds; see `intervals_of`.

        Args, Raises: as for `score` and `intervals_of`.
        """
        return self.intervals_of(self.score(series, reference=reference), narrow=narrow)

    def intervals_of(self, scores: Scores, *, narrow: bool = False) -> list[tuple[float, float]]:
        """Find the abnormal intervals in what `score` returned.

        Scores by the series itself are cut as published (`find_intervals`), those by the training
        series at `level_`. Both ends of an interval are times at which a segment starts. Intervals
        of a part of a stream are those of this part alone, see `detect_stream`.

        Args:
            narrow: shorten them to where single segments are off, see `narrowed`; one may become
                several.

        Raises:
            ValueError: the detector is not fitted.
        """
        self._check_fitted()
        found = self._wide_intervals(scores)
        if not narrow:
            return found
        values, reconstruction = scores.series.values, scores.reconstruction
        is_missing, scaler = np.isnan(values), self.scaler_
        known = np.where(is_missing, reconstruction, values)
        errors = point_errors(scaler.transform(known), scaler.transform(reconstruction))
        return narrowed(found, errors, scores.series.timestamps)

    def _wide_intervals(self, scores: Scores) -> list[tuple[float, float]]:
        times, threshold = scores.series.timestamps, self.scoring.threshold
        if scores.reference == "series":
            return find_intervals(scores.scores, times, threshold=threshold)
        return intervals_above(scores.scores, times, level=self.level_, padding=threshold.padding)

    def stream(self, chunks: Iterable[Samples]) -> Iterator[Scores]:
        """Score a series that comes in consecutive parts by the training series.

        Scores equal those of `score` with that reference up to rounding; but here a channel may
        be without any value. Memory holds a part, a window, and a window of the smoothing; a
        segment is scored a window, 5 segments and half the smoothing after it came, and after the
        end of a gap that may be short.

        Args:
            chunks: parts of the series; an array goes on a second after the part before it.

        Raises:
            ValueError: the detector is not fitted, or has an error that only a whole series has
                (`dtw_orion`), both at once; other channels, parts that do not follow each other
                (see `aggregate_stream`), or fewer segments in all than a window has.
        """
        self._check_fitted()
        return stream_scores(
            chunks,
            self._fitted_reconstructor(),
            self.statistics_,
            names=self.names_,
            interval=self.interval_,
            lead=self.lead_,
            combination=self.scoring.combination,
        )

    def detect_stream(self, chunks: Iterable[Samples]) -> Iterator[tuple[float, float]]:
        """Yield the intervals of `detect` by the training series, each as soon as it has ended.

        Args, Raises: as for `stream`.
        """
        parts = ((part.scores, part.series.timestamps) for part in self.stream(chunks))
        padding = self.scoring.threshold.padding
        return intervals_above_stream(parts, level=self.level_, padding=padding)

    def measure(self, series: Samples) -> Reconstruction:
        """Former name of `reconstruct`."""
        _warn("measure() is reconstruct()")
        return self.reconstruct(series)

    def scored(self, measures: Reconstruction, **settings: Any) -> Scores:
        """Former name of `scores_of`."""
        _warn("scored() is scores_of()")
        return self.scores_of(measures, **settings)

    @property
    def reference_(self) -> NormalStatistics:
        """Former name of `statistics_`."""
        _warn("reference_ is statistics_")
        return self.statistics_

    def _check_fitted(self) -> None:
        if not self.networks_:
            raise ValueError("the detector has to be fitted first")

    def _check_smoothing(self, segments: Series) -> None:
        if (self.scoring.smoothing or 1) > len(segments):
            raise ValueError(
                f"smoothing {self.scoring.smoothing} of scores is more than the series has "
                f"segments ({len(segments)})"
            )

    def _windows(
        self, parts: Sequence[Series], scaler: Scaler, settings: TadGANSettings
    ) -> torch.Tensor:
        """View scaled and filled segments as the windows that are trained on."""
        windows = []
        for part in parts:
            gaps = np.isnan(part.values)
            scaled = fill_gaps(scaler.transform(part.values), gaps, how=self.fill)
            left_out = gaps if FILLS[self.fill].is_masked else None
            windows.append(training_windows(scaled, settings, gaps=left_out, device=self.device))
        # Those of several are copied.
        return windows[0] if len(windows) == 1 else torch.cat(windows)

    def _trained(
        self, settings: TadGANSettings, windows: torch.Tensor, report: Report
    ) -> dict[str, nn.Module]:
        """Train networks on windows; return them in inference mode."""
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

    def _reconstructor(
        self, settings: TadGANSettings, scaler: Scaler, networks: dict[str, nn.Module]
    ) -> NetworkReconstructor:
        return NetworkReconstructor(settings, scaler, networks, self.scoring.error, self.fill)

    def _fitted_reconstructor(self) -> NetworkReconstructor:
        return self._reconstructor(self.settings, self.scaler_, self.networks_)

    def _statistics_of(self, errors: np.ndarray, critic: np.ndarray) -> NormalStatistics:
        windows = len(errors) - self.settings.window + 1
        smoothing = self.scoring.smoothing or smoothing_window(windows)
        return NormalStatistics.of(errors, critic, smoothing=smoothing)


def _check_reference(reference: str) -> None:
    look_up(dict.fromkeys(REFERENCES), reference, kind="reference")


def _warn(change: str) -> None:
    warnings.warn(f"{change} now", DeprecationWarning, stacklevel=3)
