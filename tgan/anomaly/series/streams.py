"""Scores of a series that comes in consecutive parts, in memory for one of them."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tgan.anomaly.series.data.reading import as_series
from tgan.anomaly.series.data.series import Series, aggregate_stream, check_channels
from tgan.anomaly.series.data.streaming import local
from tgan.anomaly.series.scoring.reconstruction import NetworkReconstructor, Reconstruction
from tgan.anomaly.series.scoring.scores import NormalStatistics, Scores


def stream_scores(
    chunks: Iterable[Any],
    reconstructor: NetworkReconstructor,
    statistics: NormalStatistics,
    *,
    names: tuple[str, ...],
    interval: float,
    lead: float,
    combination: str,
) -> Iterator[Scores]:
    """Yield the scores of consecutive parts by the statistics of the training series.

    Args:
        chunks: parts of a series, as `as_series` takes them; an array goes on a second after the
            part before it.
        reconstructor: of segments.
        statistics: of the training series.
        names: of the channels.
        interval: seconds of a segment.
        lead: seconds by which segments begin before their times.
        combination: a name in `COMBINATIONS`.

    Raises:
        ValueError: as `tgan.anomaly.series.detector.TadGANDetector.stream`.
    """

    def with_scores(records: np.ndarray) -> np.ndarray:
        found = records.copy()
        part = Reconstruction.of(records)
        found["scores"] = statistics.scores(part.errors, part.critic, combination=combination)
        return found

    segments = aggregate_stream(_following(chunks, names), interval, lead=lead)
    before, after = statistics.smoothing // 2, (statistics.smoothing - 1) // 2
    finished = local(reconstructor.stream(segments), with_scores, before=before, after=after)
    return (
        Reconstruction.of(block).with_scores(
            block["scores"], names=names, scaler=reconstructor.scaler, reference="training"
        )
        for block in finished
    )


def _following(chunks: Iterable[Any], names: tuple[str, ...]) -> Iterator[Series]:
    start = 0
    for chunk in chunks:
        series = as_series(chunk, start=start)
        check_channels(series, names)
        yield series
        start = int(series.timestamps[-1]) + 1
