"""Real clips to measure against: those of a run, of a folder, or a user's own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgan.config import DataConfig
from tgan.config.names import OWN
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_like
from tgan.runs.trained import HELD_OUT, TRAIN, TrainedRun

_OF_SOURCE = ("shape", "labels", "skipped", "num_starts", "label", "clip", "__len__")


@dataclass(frozen=True)
class RealData:
    """Real clips, and where they come from.

    Attributes:
        kind: `held-out`, `train`, `folder` or `own`.
        place: a path, or the name of a data set or of the type of a user's own clips.
        stride: between their frames; None where it is not known.
    """

    source: ClipSource
    kind: str
    place: str
    stride: int | None

    @property
    def sizes(self) -> dict[str, int | None]:
        """The sizes of a clip, fit for JSON."""
        frames, height, width, channels = self.source.shape
        sizes = {"height": height, "width": width, "channels": channels}
        return {"frames": frames, "stride": self.stride, **sizes}

    def about(self) -> dict[str, Any]:
        """What they are, fit for JSON."""
        return {"kind": self.kind, "from": self.place, "videos": len(self.source)}

    def is_same(self, other: "RealData") -> bool:
        """Whether they are the very clips of `other`."""
        kinds = {self.kind, other.kind}
        # Built-in data for training and for testing share a name.
        is_place = OWN not in kinds and kinds != {HELD_OUT, TRAIN}
        return self.source is other.source or (is_place and self.place == other.place)


def as_clips(data: Any, num_frames: int | None = None) -> str | ClipSource:
    """A path or a name as text; anything else as a source of clips.

    Args:
        num_frames: frames of a clip; None for as many as the videos have.

    Raises:
        ValueError: as `tgan.data.own.source.as_source`.
    """
    if isinstance(data, str | Path):
        return str(data)
    if all(hasattr(data, name) for name in _OF_SOURCE):
        return data
    from tgan.data.own.source import as_source

    return as_source(data, num_frames=num_frames)


def open_real(
    data: str | ClipSource, settings: DataConfig, run: TrainedRun | None = None
) -> RealData:
    """Real clips of the sizes in `settings`.

    Args:
        data: what `as_clips` returned; `held-out` and `train` are clips of `run`, any other text
            is the path of a folder or file.
        settings: of the run, if there is one.

    Raises:
        ValueError: there are no such clips, or they are of other sizes.
    """
    if not isinstance(data, str):
        _check_shape(data, settings)
        return RealData(data, OWN, type(data).__name__, None)
    if run is None:
        return RealData(open_like(settings, data), "folder", data, settings.stride)
    of_run = {
        HELD_OUT: settings.dataset or settings.held_out_path or settings.path,
        TRAIN: settings.dataset or settings.path,
    }
    place = of_run.get(data, data) or settings.name
    kind = data if data in of_run else "folder"
    return RealData(run.clips(data), kind, place, settings.stride)


def check_unseen(real: RealData, run: TrainedRun) -> None:
    """Check the clips that a run's samples are judged by beside its training clips.

    Raises:
        ValueError: they are its training clips, or not of its classes.
    """
    source = real.source
    if source is run.data:
        raise ValueError(
            "gam and nearest need clips that the run was not trained on: name a folder as data"
        )
    unlabelled = any(source.label(index) is None for index in range(len(source)))
    if run.config.conditional and (list(source.labels) != run.classes or unlabelled):
        found = ", ".join(source.labels) or "none"
        raise ValueError(
            f"gam and nearest need clips of the run's classes, {', '.join(run.classes)}; "
            f"those of the real clips are {found}"
        )


def _check_shape(source: ClipSource, settings: DataConfig) -> None:
    side = settings.resolution
    expected = (settings.num_frames, side, side, settings.channels)
    if tuple(source.shape) != expected:
        raise ValueError(
            f"clips of {type(source).__name__} have the shape {tuple(source.shape)}; "
            f"{expected} (T, H, W, C) is needed"
        )
