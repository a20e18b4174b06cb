"""What scores are made of: segments of a series, reconstructions, errors and critic values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.anomaly.series.data.series import Scaler, Series, windows_of
from tgan.anomaly.series.data.streaming import local, pieces, rolling, together, twice
from tgan.anomaly.series.networks.inference import critic_scores, reconstruct
from tgan.anomaly.series.scoring.reconstruction_errors import (
    ERRORS,
    OF_WHOLE_SERIES,
    SCORE_WINDOW,
    reconstruct_middles_stream,
)
from tgan.anomaly.series.scoring.scores import critic_values_stream
from tgan.anomaly.series.training.settings import TadGANSettings

# Windows that go through the networks at once.
_CHUNK = 4096


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
    def of(cls, records: np.ndarray) -> "Measures":
        """From records of `record_type`, (T,)."""
        return cls(**{field.name: records[field.name] for field in fields(cls)})


def record_type(channels: int) -> np.dtype:
    """One segment with all that becomes known of it, so that a stream is one of arrays (k,).

    Its fields are those of `Measures`, the scaled values and the score.
    """
    each = (np.float64, (channels,))
    return np.dtype(
        [
            ("times", np.int64),
            ("values", *each),
            ("scaled", *each),
            ("made", *each),
            ("critic", np.float64),
            ("errors", np.float64),
            ("scores", np.float64),
        ]
    )


@dataclass(frozen=True, eq=False)
class Instrument:
    """Measures segments of series by trained networks.

    Attributes:
        settings: of the networks.
        scaler: of values.
        networks: by name; `encoder`, `decoder` and `window_critic` are used, in inference mode.
        error: a name in `ERRORS`.
    """

    settings: TadGANSettings
    scaler: Scaler
    networks: Mapping[str, nn.Module]
    error: str

    def measure(self, segments: Series) -> Measures:
        """The measures of a whole series of segments.

        Raises:
            ValueError: fewer segments than `check_length` asks for, or a network's output that is
                not finite.
        """
        records = np.concatenate(list(self._reconstructions([segments])))
        return Measures.of(self._with_errors(records))

    def stream(self, parts: Iterable[Series]) -> Iterator[np.ndarray]:
        """The same from consecutive parts, in memory for a part and a window.

        Yields:
            records (k,) of `record_type`, all but their scores known.

        Raises:
            ValueError: as `measure`, or an error that only a whole series has, which is said at
                once.
        """
        if self.error in OF_WHOLE_SERIES:
            others = ", ".join(name for name in ERRORS if name not in OF_WHOLE_SERIES)
            raise ValueError(
                f"errors of '{self.error}' depend on where a series ends; in a stream choose from "
                f"{others}"
            )
        half = SCORE_WINDOW // 2
        return local(self._reconstructions(parts), self._with_errors, before=half, after=half)

    def _reconstructions(self, parts: Iterable[Series]) -> Iterator[np.ndarray]:
        """Records of which all but errors and scores is known."""
        begun, seen = twice(map(self._begun, self._long_enough(parts)))
        windows, judged = twice(self._windows(records["scaled"] for records in seen))
        made = reconstruct_middles_stream(map(self._reconstructed, windows), self.settings.margin)
        values = critic_values_stream(map(self._judged, judged), self.settings.window)
        return (_completed(*blocks) for blocks in together(begun, made, values))

    def _long_enough(self, parts: Iterable[Series]) -> Iterator[Series]:
        count = 0
        for part in parts:
            count += len(part)
            yield part
        check_length(count, self.settings)

    def _begun(self, part: Series) -> np.ndarray:
        records = np.zeros(len(part), record_type(len(part.names)))
        records["times"], records["values"] = part.timestamps, part.values
        records["scaled"] = self.scaler.transform(part.values)
        return records

    def _windows(self, scaled: Iterable[np.ndarray]) -> Iterator[Tensor]:
        """All windows (n, C, W), in order."""
        for block in rolling(pieces(scaled, _CHUNK), self.settings.window):
            yield _tensor(windows_of(block, self.settings.window))

    def _reconstructed(self, windows: Tensor) -> np.ndarray:
        """Reconstructions (n, W, C)."""
        made = reconstruct(self.networks["encoder"], self.networks["decoder"], windows)
        return rearrange(made, "n c t -> n t c").double().numpy()

    def _judged(self, windows: Tensor) -> np.ndarray:
        return critic_scores(self.networks["window_critic"], windows).double().numpy()

    def _with_errors(self, records: np.ndarray) -> np.ndarray:
        found = records.copy()
        found["errors"] = ERRORS[self.error](found["scaled"], found["made"])
        return found


def _completed(records: np.ndarray, made: np.ndarray, critic: np.ndarray) -> np.ndarray:
    records["made"], records["critic"] = made, critic
    return records


def check_length(segments: int, settings: TadGANSettings) -> None:
    """Raise a ValueError for fewer segments than a window has."""
    if segments < settings.window:
        raise ValueError(
            f"a series of {segments} segments of time is too short; at least "
            f"{settings.window} are needed, a window (shorter segments make more)"
        )


def training_windows(
    scaled: np.ndarray, settings: TadGANSettings, *, device: str | torch.device = "cpu"
) -> Tensor:
    """All windows (M, C, W) of scaled values (N, C), a view that takes no more memory than they.

    Raises:
        ValueError: a number beyond the range of float32.
    """
    values = torch.from_numpy(_narrow(scaled)).to(device)
    return values.unfold(0, settings.window, 1)


def _tensor(windows: np.ndarray) -> Tensor:
    """Windows (n, W, C) as the networks take them, (n, C, W).

    Raises:
        ValueError: a number beyond the range of float32.
    """
    # In this layout always: networks round otherwise in another one.
    return torch.from_numpy(_narrow(rearrange(windows, "n t c -> n c t")))


def _narrow(values: np.ndarray) -> np.ndarray:
    """Scaled values in float32, contiguous."""
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(narrow).all():
        raise ValueError(
            f"the series reaches {np.abs(values).max():.1e} times as far as in training, "
            "which is more than float32 holds"
        )
    return narrow
