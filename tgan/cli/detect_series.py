"""`tgan detect series`: fit a TadGAN to a CSV, and find anomalies in others."""

import argparse
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tgan.anomaly.series.data.filling import LONGEST, gaps_of
from tgan.anomaly.series.data.grid import lead_of
from tgan.anomaly.series.data.reading import read_channels, read_series
from tgan.anomaly.series.data.robot import robot_with_faults
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import Series, one_after_another, segments_of
from tgan.anomaly.series.data.writing import read_intervals, write_intervals, write_series
from tgan.anomaly.series.folder import FORMER_FILL, read_settings
from tgan.anomaly.series.plot import check_installed, write_plot
from tgan.anomaly.series.results import (
    describe,
    describe_agreement,
    describe_found,
    relative_error,
    write_scores,
)
from tgan.cli.csv_options import form_of
from tgan.cli.series_arguments import (
    FAULTS,
    INTERVALS,
    LABELS,
    NORMAL,
    PLOT,
    SCORES,
    parse,
)
from tgan.system.files import write_files, write_whole_folder

# Settings that options change, see `tgan.anomaly.series.presets.settings_of`.
_NETWORKS = ("window", "hidden", "latent_size", "constraint", "steps")
_SCORING = ("error", "combination", "smoothing", "false_alarms")
# The share of empty segments from which on a longer interval is advised.
_MANY_EMPTY = 1 / 3


def main(argv: Sequence[str]) -> None:
    """Parse arguments, and fit, score, or write an example."""
    arguments = parse(argv)
    {"fit": fit, "score": score, "robot": robot}[arguments.action](arguments)


def fit(arguments: argparse.Namespace) -> None:
    """Read a series, train a detector on it, and save the detector."""
    several = _read_several(arguments)
    interval = arguments.interval or several[0].median_step
    lead = lead_of(several[0].timestamps, interval)
    parts = [segments_of(series, interval, lead=lead) for series in several]
    Scaler.fit(one_after_another(parts))  # Raises where nothing can be learned.
    for path, series, segments in zip(arguments.series, several, parts, strict=True):
        print(describe(series, segments))
        _warn_of_gaps(segments, series, path, fill=arguments.fill)

    # Only now the heavy imports: mistakes above are answered at once.
    from tqdm import tqdm

    from tgan.anomaly.series.detector import TadGANDetector
    from tgan.anomaly.series.saved import save_detector
    from tgan.system.device import pick_device
    from tgan.training.steps import Terms

    detector = TadGANDetector(
        arguments.preset,
        interval=interval,
        fill=arguments.fill,
        seed=arguments.seed,
        device=pick_device(arguments.device),
        **_changes(arguments),
    )
    # No bar is shown of a fit that is refused.
    with tqdm(unit="step", delay=0.1) as bar:

        def report(step: int, steps: int, terms: Terms) -> None:
            if step == 1:
                bar.reset(total=steps)
            bar.update()

        detector.fit(several, report=report)
    error = np.mean([relative_error(one, detector.scaler_) for one in detector.trainings_])
    save_detector(detector, arguments.out)
    of = "predictions of what is hidden" if detector.settings.hidden else "reconstructions"
    print(f"mean squared error of {of}: {error:.4f} of the variance of the series")
    print(f"level for score --reference training: {detector.level_:.3f}")
    print(arguments.out)


def score(arguments: argparse.Namespace) -> None:
    """Read a series, score it with a saved detector, and write scores, intervals and a plot."""
    check_installed()
    described = read_settings(arguments.detector)
    fitted, fill = described["fitted"], described.get("fill", FORMER_FILL)
    labels = read_intervals(arguments.labels) if arguments.labels else None
    series = read_channels(
        fitted["names"],
        arguments.series,
        timestamp=arguments.timestamp,
        values=arguments.values,
        form=form_of(arguments),
    )
    segments = segments_of(series, fitted["interval"], lead=fitted.get("lead", 0))
    print(describe(series, segments))
    _warn_of_gaps(segments, series, arguments.series, fill=fill)
    first, last = series.timestamps[[0, -1]]
    if labels and not any(start <= last and end >= first for start, end in labels):
        warnings.warn(f"no interval of '{arguments.labels}' lies within the series", stacklevel=2)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.anomaly.series.saved import load_detector
    from tgan.system.device import pick_device

    detector = load_detector(arguments.detector, device=pick_device(arguments.device))
    reference = arguments.reference
    scores = detector.score(series, reference=reference)
    found = detector.intervals_of(scores, narrow=arguments.narrow)
    with write_files(arguments.out) as folder:
        write_scores(folder / SCORES, scores, found)
        write_intervals(folder / INTERVALS, found)
        write_plot(
            folder / PLOT,
            scores,
            found=found,
            labels=labels,
            level=detector.level_ if reference == "training" else None,
            title=arguments.series.stem,
        )
    print(describe_found(scores, found))
    if labels is not None:
        print(describe_agreement(scores, found, labels))
    print(arguments.out)


def robot(arguments: argparse.Namespace) -> None:
    """Write the series of a simulated robot, and when it fails."""
    simulated = robot_with_faults(seed=arguments.seed)
    with write_whole_folder(arguments.out) as folder:
        write_series(folder / NORMAL, simulated.train)
        write_series(folder / FAULTS, simulated.test)
        write_intervals(folder / LABELS, simulated.labels)
    print(arguments.out)


def _changes(arguments: argparse.Namespace) -> dict[str, Any]:
    """Settings that are given in place of the preset's."""
    from tgan.anomaly.series.presets import PRESETS

    values = {name: getattr(arguments, name) for name in (*_NETWORKS, *_SCORING)}
    given = {name: value for name, value in values.items() if value is not None}
    hidden = PRESETS[arguments.preset].hidden
    if "hidden" not in given and given.get("window", math.inf) <= hidden:
        raise ValueError(
            f"--window {arguments.window} needs a --hidden below it; that of "
            f"{arguments.preset} is {hidden}"
        )
    return given


def _read_several(arguments: argparse.Namespace) -> list[Series]:
    """Read the series to learn from; the first one has the channels of all."""
    options = {"timestamp": arguments.timestamp, "form": form_of(arguments)}
    path, *others = arguments.series
    first = read_series(path, values=arguments.values, **options)
    return [first, *(read_channels(first.names, path, **options) for path in others)]


def _warn_of_gaps(segments: Series, series: Series, path: Path, *, fill: str) -> None:
    """Warn of segments without a value of some channel, and say how they are filled."""
    is_missing = np.isnan(segments.values)
    lost, share = int(is_missing.any(1).sum()), is_missing.any(1).mean()
    if not lost:
        return
    long = sum(gaps_of(column)[1] for column in is_missing.T)
    text = (
        f"{lost} of {len(segments)} segments of '{path}' ({share:.1%}) lack values, "
        f"filled by '{fill}'"
    )
    if long and fill != "mean":
        text += f"; gaps of more than {LONGEST} segments ({long} values) by means"
    if share > _MANY_EMPTY:
        longest = np.diff(series.timestamps).max()
        text += (
            f"; a longer --interval in fit leaves fewer (samples are {series.median_step} seconds "
            f"apart in the median, {longest:.6g} at most)"
        )
    warnings.warn(text, stacklevel=3)
