"""A detector of anomalies in time series: fit on what is usual, then score and detect.

Source: Geiger et al. 2020, section V.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import tee

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.lookup import look_up
from tgan.tadgan.errors import ERRORS, SCORE_WINDOW, reconstruct_stream
from tgan.tadgan.inference import critic_scores, reconstruct
from tgan.tadgan.intervals import Threshold, find_intervals, intervals_above
from tgan.tadgan.scores import COMBINATIONS, Reference, critic_values_stream, smoothing_window
from tgan.tadgan.series import (
    Scaler,
    Series,
    aggregate_stream,
    as_series,
    check_interval,
    windows_of,
)
from tgan.tadgan.settings import CONFIGURATIONS, TadGANSettings
from tgan.tadgan.streaming import extended, local, pieces, rolling, together, trimmed
from tgan.tadgan.training import train
from tgan.training.steps import Terms

# Windows that go through the networks at once.
_CHUNK = 4096
# Windows that a network is trained on; of a longer series evenly spread ones.
_MOST_WINDOWS = 100_000
# The series of which errors count as usual: the scored one, as published, or the training series.
REFERENCES = ("series", "training")

Report = Callable[[int, int, Terms], None]


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
    combination: str = "mean"
    smoothing: int | None = None
    threshold: Threshold = field(default_factory=Threshold)

    def __post_init__(self) -> None:
        look_up(ERRORS, self.error, kind="error")
        look_up(COMBINATIONS, self.combination, kind="combination")
        if self.smoothing is not None and self.smoothing < 1:
            raise ValueError(f"smoothing {self.smoothing} of scores is below 1")


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


class TadGANDetector:
    """Fits a TadGAN to a series, and tells how abnormal segments of this or another one are.

    Methods take a `Series`, or an array (N,) or (N, C) of samples at times 0, 1, 2, ...

    Args:
        settings: of networks and training, or the name of a configuration in `CONFIGURATIONS`.
            The series sets their channels.
        scoring: how scores and intervals are made.
        interval: seconds over which samples are averaged; by default the median time between
            samples of the training series.
        steps: updates of encoder and decoder, in place of those of the settings.
        allow_constant: whether a training series may be constant. All that differs from it is
            then abnormal.
        seed: of everything that is random.
        device: of the networks.

    Attributes:
        interval_: seconds.
        names_: of the channels.
        scaler_: of values.
        networks_: in inference order: `encoder`, `decoder`, `window_critic`, `latent_critic`.
        reference_: errors and critic values of the training series.
        level_: the score beyond which a segment is abnormal by what the training series is like.

    Raises:
        ValueError: an unknown configuration, an interval below 1, or a negative number of steps.
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
            settings = look_up(CONFIGURATIONS, settings, kind="configuration")
        if interval is not None:
            check_interval(interval)
        if steps is not None:
            settings = replace(settings, steps=steps)
        self.settings, self.scoring = settings, scoring or Scoring()
        self.interval, self.allow_constant, self.seed = interval, allow_constant, seed
        self.device = torch.device(device)
        self.networks_: dict[str, nn.Module] = {}

    def fit(
        self,
        series: Series | np.ndarray,
        *,
        report: Report = lambda step, steps, terms: None,
    ) -> "TadGANDetector":
        """Train on a series that is usual for the most part, and keep what is usual in it.

        Args:
            report: called after every step with its number (from 1), the number of all steps, and
                the terms of `tgan.tadgan.steps.cycle_step`.

        Raises:
            ValueError: fewer segments than a window, a channel without values, or a series that
                is constant unless that is allowed.
            ArithmeticError: a loss is not finite.
        """
        series = as_series(series)
        interval = self.interval or series.median_step
        segments = series.aggregate(interval)
        scaler = Scaler.fit(segments, allow_constant=self.allow_constant)
        self._check_length(segments)
        self.settings = replace(self.settings, channels=len(series.names))
        self.interval_, self.names_, self.scaler_ = interval, series.names, scaler
        self.networks_ = self._trained(scaler.transform(segments.values), report)
        measures = self._measured(series)
        self.reference_ = self._usual(measures)
        scores = self._scores(self.reference_, measures)
        self.level_ = float(scores.mean() + self.scoring.threshold.deviations * scores.std())
        return self

    def score(self, series: Series | np.ndarray, *, reference: str = "series") -> Scored:
        """How abnormal every segment of a series is.

        Args:
            reference: whose errors are usual: those of the scored `series` itself, as published,
                or of the `training` series, so that no score depends on what comes much later.

        Raises:
            ValueError: not fitted, other channels, fewer segments than a window, or an unknown
                reference.
        """
        look_up(dict.fromkeys(REFERENCES), reference, kind="reference")
        return self.scored(self.measure(series), reference=reference)

    def measure(self, series: Series | np.ndarray) -> "Measures":
        """What scores of a series are made of.

        Raises:
            ValueError: not fitted, other channels, or fewer segments than a window.
        """
        series = as_series(series)
        self._check_channels(series)
        self._check_length(series.aggregate(self.interval_))
        return self._measured(series)

    def scored(self, measures: "Measures", *, reference: str = "series") -> Scored:
        """Scores of what was measured, by `scoring` as it is now; `reference` as of `score`."""
        usual = self._usual(measures) if reference == "series" else self.reference_
        return self._scored(measures, self._scores(usual, measures))

    def detect(
        self, series: Series | np.ndarray, *, reference: str = "series"
    ) -> list[tuple[int, int]]:
        """Closed intervals of abnormal segments in epoch seconds, see `intervals_of`.

        Args, Raises: as of `score`.
        """
        return self.intervals_of(self.score(series, reference=reference), reference=reference)

    def intervals_of(self, scored: Scored, *, reference: str = "series") -> list[tuple[int, int]]:
        """The intervals in what `score` gave for the same reference.

        Scores by the series are cut as published (`find_intervals`), those by the training series
        at `level_`. Both ends of an interval are times at which a segment starts.
        """
        times, threshold = scored.series.timestamps, self.scoring.threshold
        if reference == "series":
            return find_intervals(scored.scores, times, threshold=threshold)
        return intervals_above(scored.scores, times, level=self.level_, padding=threshold.padding)

    def stream(self, chunks: Iterable[Series]) -> Iterator[Scored]:
        """Scores by the training series of a series that comes in consecutive parts.

        They equal those of `score` with that reference up to rounding. What is in memory is a
        part, a window, and a window of the smoothing.

        Raises:
            ValueError: not fitted, other channels, parts that do not follow each other, or fewer
                segments than a window in all.
        """

        def checked() -> Iterator[Series]:
            for chunk in chunks:
                self._check_channels(chunk)
                yield chunk

        def with_scores(table: np.ndarray) -> np.ndarray:
            measures = Measures.of(table, len(self.names_))
            return np.column_stack([table, self._scores(self.reference_, measures)])

        self._check_fitted()
        smoothing = self.reference_.smoothing
        before, after = smoothing // 2, (smoothing - 1) // 2
        found = False
        for table in local(self._tables(checked()), with_scores, before=before, after=after):
            found = True
            yield self._scored(Measures.of(table[:, :-1], len(self.names_)), table[:, -1])
        if not found:
            raise ValueError(f"the parts have fewer than {self._shortest} segments in all")

    @property
    def _shortest(self) -> int:
        return self.settings.window - 2 * self.settings.margin

    def _check_length(self, segments: Series) -> None:
        if len(segments) < self._shortest:
            raise ValueError(
                f"a series of {len(segments)} segments of time is too short; "
                f"at least {self._shortest} are needed"
            )

    def _check_fitted(self) -> None:
        if not self.networks_:
            raise ValueError("the detector has to be fitted before it scores")

    def _check_channels(self, series: Series) -> None:
        self._check_fitted()
        if series.names != self.names_:
            raise ValueError(
                f"a series of {', '.join(series.names)}; fitted on {', '.join(self.names_)}"
            )

    def _trained(self, values: np.ndarray, report: Report) -> dict[str, nn.Module]:
        """Networks trained on the windows of scaled values, in inference mode."""
        margin = self.settings.margin
        longer = np.pad(values, ((margin, margin), (0, 0)), mode="edge")
        windows = windows_of(longer, self.settings.window)
        windows = _tensor(windows[:: -(-len(windows) // _MOST_WINDOWS)])
        steps = self.settings.steps_of(len(windows))
        task = train(
            windows,
            self.settings,
            seed=self.seed,
            steps=steps,
            device=self.device,
            report=lambda step, terms: report(step + 1, steps, terms),
        )
        return {name: network.eval() for name, network in task.networks().items()}

    def _tables(self, chunks: Iterable[Series]) -> Iterator[np.ndarray]:
        """The tables of `Measures`, chunk by chunk."""
        segments, scaled, seen = tee(aggregate_stream(chunks, self.interval_), 3)
        pairs = (np.column_stack([part.timestamps, part.values]) for part in segments)
        inputs = (self.scaler_.transform(part.values) for part in scaled)
        longer = extended((self.scaler_.transform(p.values) for p in seen), self.settings.margin)
        blocks = rolling(pieces(longer, _CHUNK), self.settings.window)
        windows, judged = tee(_tensor(windows_of(block, self.settings.window)) for block in blocks)
        made = reconstruct_stream(map(self._reconstructed, windows))
        critic = critic_values_stream(map(self._judged, judged), self.settings.window)
        streams = together(pairs, inputs, made, trimmed(critic, self.settings.margin))
        half = SCORE_WINDOW // 2
        return local(map(np.column_stack, streams), self._with_errors, before=half, after=half)

    def _reconstructed(self, windows: Tensor) -> np.ndarray:
        """The part of reconstructions that is scored, (n, steps, C)."""
        margin = self.settings.margin
        made = reconstruct(self.networks_["encoder"], self.networks_["decoder"], windows)
        scored = made[:, :, margin : self.settings.window - margin]
        return rearrange(scored, "n c t -> n t c").cpu().double().numpy()

    def _judged(self, windows: Tensor) -> np.ndarray:
        return critic_scores(self.networks_["window_critic"], windows).cpu().double().numpy()

    def _with_errors(self, table: np.ndarray) -> np.ndarray:
        channels = len(self.names_)
        scaled, made = table[:, 1 + channels :][:, :channels], table[:, 1 + 2 * channels : -1]
        return np.column_stack([table, ERRORS[self.scoring.error](scaled, made)])

    def _measured(self, series: Series) -> "Measures":
        tables = self._tables(iter([series]))
        return Measures.of(np.concatenate(list(tables)), len(self.names_))

    def _usual(self, measures: "Measures") -> Reference:
        windows = len(measures.errors) - self._shortest + 1
        smoothing = self.scoring.smoothing or smoothing_window(windows)
        return Reference.of(measures.errors, measures.critic, smoothing=smoothing)

    def _scores(self, usual: Reference, measures: "Measures") -> np.ndarray:
        combination = self.scoring.combination
        return usual.scores(measures.errors, measures.critic, combination=combination)

    def _scored(self, measures: "Measures", scores: np.ndarray) -> Scored:
        series = Series(measures.times, measures.values, self.names_)
        return Scored(series, self.scaler_.inverse(measures.made), measures.critic, scores)


@dataclass(frozen=True, eq=False)
class Measures:
    """What is known of T segments before they have scores.

    Attributes:
        times: (T,), int64, epoch seconds.
        values: (T, C), in the units of the data; NaN where there were no samples.
        made: (T, C), the reconstruction of scaled values.
        critic: (T,), the critic of windows at each time step.
        errors: (T,), of the reconstruction.
    """

    times: np.ndarray
    values: np.ndarray
    made: np.ndarray
    critic: np.ndarray
    errors: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray, channels: int) -> "Measures":
        """From columns of time, values, scaled values, reconstructions, critic, and errors.

        Times are whole seconds, which float64 holds exactly.
        """
        starts = np.cumsum([1, channels, channels, channels, 1])
        times, values, _, made, critic, errors = np.split(table, starts, axis=1)
        return cls(times[:, 0].astype(np.int64), values, made, critic[:, 0], errors[:, 0])


def _tensor(windows: np.ndarray) -> Tensor:
    return torch.from_numpy(rearrange(windows, "n t c -> n c t").astype(np.float32))
