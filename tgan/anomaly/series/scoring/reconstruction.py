"""Reconstructions of series by trained networks, with their errors and critic values."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from tgan._moved import moved_names
from tgan.anomaly.series.data.filling import (
    DEFAULT_FILL,
    FILLS,
    LONGEST,
    fill_gaps,
    waiting_for_values,
)
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import Series, windows_of
from tgan.anomaly.series.data.streaming import local, pieces, rolling, settled, together, twice
from tgan.anomaly.series.networks.inference import critic_scores, reconstruct
from tgan.anomaly.series.scoring.critic_values import critic_values_stream
from tgan.anomaly.series.scoring.reconstruction_errors import (
    ERRORS,
    OF_WHOLE_SERIES,
    SCORE_WINDOW,
    reconstruct_middles_stream,
)
from tgan.anomaly.series.scoring.scores import Scores
from tgan.anomaly.series.training.settings import TadGANSettings

# Windows that go through the networks at once.
_CHUNK = 4096

__getattr__ = moved_names(
    __name__,
    {"Measures": f"{__name__}:Reconstruction", "Instrument": f"{__name__}:NetworkReconstructor"},
)


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """T segments of a series with their reconstruction: all that scores are computed from.

    Attributes:
        times: (T,), int64 or float64, epoch seconds.
        values: (T, C), in the units of the data; NaN where there were no samples.
        reconstruction: (T, C), of the scaled values.
        critic: (T,), the critic of windows at each time step.
        errors: (T,), reconstruction errors.
    """

    times: np.ndarray
    values: np.ndarray
    reconstruction: np.ndarray
    critic: np.ndarray
    errors: np.ndarray

    @classmethod
    def of(cls, records: np.ndarray) -> "Reconstruction":
        """Take them from records (T,) of `record_type`."""
        return cls(**{field.name: records[field.name] for field in fields(cls)})

    def with_scores(
        self, scores: np.ndarray, *, names: tuple[str, ...], scaler: Scaler, reference: str
    ) -> Scores:
        """Put scores (T,) beside the series and its reconstruction, in the units of the data.

        Args:
            names: of the channels.
            scaler: of the values.
            reference: which series counts as normal, in `REFERENCES`.
        """
        series = Series(self.times, self.values, names)
        reconstruction = scaler.inverse(self.reconstruction)
        return Scores(series, reconstruction, self.critic, scores, reference)

    @property
    def made(self) -> np.ndarray:
        """Former name of `reconstruction`."""
        warnings.warn("made is reconstruction now", DeprecationWarning, stacklevel=2)
        return self.reconstruction


def record_type(channels: int, times: np.dtype) -> np.dtype:
    """Describe a segment with all of its numbers, so that a stream consists of arrays (k,).

    Args:
        channels: C.
        times: type of the times.

    Its fields are those of `Reconstruction`, the scaled values and the score.
    """
    each = (np.float64, (channels,))
    return np.dtype(
        [
            ("times", times),
            ("values", *each),
            ("scaled", *each),
            ("reconstruction", *each),
            ("critic", np.float64),
            ("errors", np.float64),
            ("scores", np.float64),
        ]
    )


@dataclass(frozen=True, eq=False)
class NetworkReconstructor:
    """Reconstructs segments of series by trained networks.

    Attributes:
        settings: of the networks.
        scaler: of the values.
        networks: by name; `encoder`, `decoder` and `window_critic` are used, in inference mode.
        error: a name in `ERRORS`.
        fill: of gaps, a name in `FILLS`.
    """

    settings: TadGANSettings
    scaler: Scaler
    networks: Mapping[str, nn.Module]
    error: str
    fill: str = DEFAULT_FILL

    def reconstruct(self, segments: Series) -> Reconstruction:
        """Reconstruct a whole series of segments.

        Raises:
            ValueError: fewer segments than `check_length` asks for, or a network's output that is
                not finite.
        """
        begun = self._filled(self._begun(segments))
        records = np.concatenate(list(self._reconstructions([begun])))
        return Reconstruction.of(self._with_errors(records))

    def stream(self, parts: Iterable[Series]) -> Iterator[np.ndarray]:
        """Reconstruct consecutive parts of a series; memory holds a part and a window.

        Yields:
            records (k,) of `record_type`, complete but for their scores.

        Raises:
            ValueError: as `reconstruct`; or an error that only a whole series has, at once.
        """
        if self.error in OF_WHOLE_SERIES:
            others = ", ".join(name for name in ERRORS if name not in OF_WHOLE_SERIES)
            raise ValueError(
                f"errors of '{self.error}' depend on where a series ends; for a stream choose from "
                f"{others}"
            )
        half = SCORE_WINDOW // 2
        begun = settled(
            map(self._begun, parts), self._filled, before=LONGEST + 1, waiting=self._waiting
        )
        return local(self._reconstructions(begun), self._with_errors, before=half, after=half)

    def _reconstructions(self, parts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield records that are complete but for errors and scores."""
        begun, seen = twice(self._long_enough(parts))
        windows, judged = twice(self._windows(records["scaled"] for records in seen))
        decoded = map(self._reconstructed, windows)
        medians = reconstruct_middles_stream(decoded, self.settings.margin)
        values = critic_values_stream(map(self._judged, judged), self.settings.window)
        return (_completed(*blocks) for blocks in together(begun, medians, values))

    def _long_enough(self, parts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        count = 0
        for part in parts:
            count += len(part)
            yield part
        check_length(count, self.settings)

    def _begun(self, part: Series) -> np.ndarray:
        records = np.zeros(len(part), record_type(len(part.names), part.timestamps.dtype))
        records["times"], records["values"] = part.timestamps, part.values
        records["scaled"] = self.scaler.transform(part.values)
        return records

    def _filled(self, records: np.ndarray) -> np.ndarray:
        found = records.copy()
        is_missing = np.isnan(found["values"])
        found["scaled"] = fill_gaps(found["scaled"], is_missing, how=self.fill)
        return found

    def _windows(self, scaled: Iterable[np.ndarray]) -> Iterator[Tensor]:
        """Yield all windows (n, C, W), in order."""
        for block in rolling(pieces(scaled, _CHUNK), self.settings.window):
            yield _tensor(windows_of(block, self.settings.window))

    def _reconstructed(self, windows: Tensor) -> np.ndarray:
        """Reconstruct windows (n, C, W) as (n, W, C)."""
        decoded = reconstruct(self.networks["encoder"], self.networks["decoder"], windows)
        return rearrange(decoded, "n c t -> n t c").double().numpy()

    def _judged(self, windows: Tensor) -> np.ndarray:
        return critic_scores(self.networks["window_critic"], windows).double().numpy()

    def _waiting(self, records: np.ndarray) -> int:
        return waiting_for_values(np.isnan(records["values"]), how=self.fill)

    def _with_errors(self, records: np.ndarray) -> np.ndarray:
        found = records.copy()
        scaled, reconstruction = found["scaled"], found["reconstruction"]
        if FILLS[self.fill].is_masked:
            scaled = np.where(np.isnan(found["values"]), reconstruction, scaled)
        found["errors"] = ERRORS[self.error](scaled, reconstruction)
        return found


def _completed(records: np.ndarray, medians: np.ndarray, critic: np.ndarray) -> np.ndarray:
    records["reconstruction"], records["critic"] = medians, critic
    return records


def check_length(segments: int, settings: TadGANSettings) -> None:
    """Raise a ValueError for fewer segments than a window has."""
    if segments < settings.window:
        raise ValueError(
            f"a series of {segments} segments of time is too short; at least "
            f"{settings.window} are needed, a window (shorter segments make more)"
        )


def training_windows(
    scaled: np.ndarray,
    settings: TadGANSettings,
    *,
    gaps: np.ndarray | None = None,
    device: str | torch.device = "cpu",
) -> Tensor:
    """View scaled values (N, C) as all of their windows (M, C, W), which takes no more memory.

    Args:
        gaps: (N, C) bool, of values of which no window may hold any; windows are copied then.

    Raises:
        ValueError: a number beyond the range of float32, or no window without a gap.
    """
    windows = torch.from_numpy(_narrow(scaled)).to(device).unfold(0, settings.window, 1)
    if gaps is None or not gaps.any():
        return windows
    is_whole = ~windows_of(gaps, settings.window).any((1, 2))
    if not is_whole.any():
        raise ValueError(
            f"there is a gap in every window of {settings.window} segments, of which none is left "
            "to train on; choose another fill, a shorter window or a longer interval"
        )
    return windows[torch.from_numpy(np.flatnonzero(is_whole)).to(device)]


def _tensor(windows: np.ndarray) -> Tensor:
    """Turn windows (n, W, C) into what networks take, (n, C, W).

    Raises:
        ValueError: a number beyond the range of float32.
    """
    # Always in this layout: networks round otherwise in another one.
    return torch.from_numpy(_narrow(rearrange(windows, "n t c -> n c t")))


def _narrow(values: np.ndarray) -> np.ndarray:
    """Convert scaled values to float32, contiguous."""
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(narrow).all():
        raise ValueError(
            f"the series reaches {np.abs(values).max():.1e} times as far as in training, "
            "which is more than float32 holds"
        )
    return narrow
