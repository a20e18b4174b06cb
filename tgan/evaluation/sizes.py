"""Whether there are enough samples, frames and different clips for a metric to mean something."""

from collections.abc import Iterable

from tgan.data.clips import ClipSource
from tgan.evaluation.measures import Measure


def check_sizes(measures: Iterable[Measure], source: ClipSource) -> list[str]:
    """What to warn of where metrics measure against clips of a source.

    Raises:
        ValueError: too few samples, frames or different clips for a metric; the message says how
            many it needs.
    """
    found = []
    for measure in measures:
        _check_counts(measure)
        different = different_clips(source, enough=measure.samples)
        _check_copies(measure, different)
        if _is_singular(measure, different):
            found.append(
                f"{measure.name}: real clips are {different} different ones, which determine no "
                f"covariance of {measure.network.size} dimensions: compare with the control real, "
                f"or take {max(different, 2)} samples"
            )
    return found


def different_clips(source: ClipSource, *, enough: int) -> int:
    """How many different clips there are, counted until there are `enough`."""
    found = 0
    for index in range(len(source)):
        found += source.num_starts(index)
        if found >= enough:
            break
    return found


def _check_counts(measure: Measure) -> None:
    nearest = measure.kind.neighbours
    if measure.kind.needs_frames and measure.frames < 2:
        raise ValueError(f"{measure.name}: clips of 1 frame, and it needs 2 at least")
    if nearest and measure.samples <= nearest:
        raise ValueError(
            f"{measure.name}: {measure.samples} samples have no {nearest} nearest others: take "
            f"{nearest + 1} at least"
        )


def _check_copies(measure: Measure, different: int) -> None:
    """Refuse real clips that come again so often that their nearest others are copies."""
    nearest, most = measure.kind.neighbours, measure.kind.neighbours * different
    if nearest and measure.samples > most:
        remedy = f"take more data, or {most} samples at most" if different > 1 else "take more data"
        raise ValueError(
            f"{measure.name}: among {measure.samples} real clips of {different} different ones the "
            f"{nearest} nearest others of each are copies of it: {remedy}"
        )


def _is_singular(measure: Measure, different: int) -> bool:
    """Whether a covariance of full size is fitted to no more different features than that."""
    frames = measure.frames if measure.network.per_frame else 1
    size = measure.network.size
    return measure.kind.fits_gaussian and different * frames <= size < measure.samples * frames
