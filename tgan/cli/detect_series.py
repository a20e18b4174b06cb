"""`tgan detect series`: fit a TadGAN to a CSV, and find anomalies in others."""

import argparse
import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan.anomaly.series.data.reading import read_series
from tgan.anomaly.series.data.robot import robot_with_faults
from tgan.anomaly.series.data.series import Scaler, Series
from tgan.anomaly.series.data.writing import read_intervals, write_intervals, write_series
from tgan.anomaly.series.folder import read_settings
from tgan.anomaly.series.plot import check_installed, write_plot
from tgan.anomaly.series.scoring.settings import SCORINGS, Scoring
from tgan.cli.series_arguments import (
    FAULTS,
    INTERVALS,
    KNOWN,
    PLOT,
    SCORES,
    USUAL,
    parse,
)
from tgan.cli.series_files import (
    describe,
    describe_agreement,
    describe_found,
    read_for,
    relative_error,
    segments_of,
    write_scores,
)
from tgan.system.files import write_files, write_whole_folder

if TYPE_CHECKING:
    from tgan.anomaly.series.training.settings import TadGANSettings

# The share of empty segments beyond which a detector learns, and scores, what filled them.
_MANY_EMPTY = 1 / 3


def main(argv: Sequence[str]) -> None:
    """Parse arguments, and fit, score, or write an example."""
    arguments = parse(argv)
    {"fit": fit, "score": score, "robot": robot}[arguments.action](arguments)


def fit(arguments: argparse.Namespace) -> None:
    """Read a series, train a detector on it, and save that."""
    series = read_series(arguments.series, timestamp=arguments.timestamp, values=arguments.values)
    interval = arguments.interval or series.median_step
    segments = segments_of(series, interval)
    Scaler.fit(segments)  # Refuses what has nothing to learn from.
    print(describe(series, segments))
    _warn_of_gaps(segments, series)

    # Only now the heavy imports: mistakes above are answered at once.
    from tqdm import tqdm

    from tgan.anomaly.series.detector import TadGANDetector
    from tgan.anomaly.series.saved import save_detector
    from tgan.system.device import pick_device
    from tgan.training.steps import Terms

    detector = TadGANDetector(
        _settings(arguments),
        scoring=_scoring(arguments),
        interval=interval,
        seed=arguments.seed,
        device=pick_device(arguments.device),
    )
    # Nothing is shown of a fit that is refused.
    with tqdm(unit="step", delay=0.1) as bar:

        def report(step: int, steps: int, terms: Terms) -> None:
            if step == 1:
                bar.reset(total=steps)
            bar.update()

        detector.fit(series, report=report)
    error = relative_error(detector.training_, detector.scaler_)
    save_detector(detector, arguments.out)
    of = "predictions of what is hidden" if detector.settings.hidden else "reconstructions"
    print(f"mean squared error of {of}: {error:.4f} of the variance of the series")
    print(f"level for score --reference training: {detector.level_:.3f}")
    print(arguments.out)


def score(arguments: argparse.Namespace) -> None:
    """Read a series, score it with a saved detector, and write scores, intervals and a plot."""
    check_installed()
    fitted = read_settings(arguments.detector)["fitted"]
    known = read_intervals(arguments.known) if arguments.known else None
    series = read_for(
        fitted["names"], arguments.series, timestamp=arguments.timestamp, values=arguments.values
    )
    segments = segments_of(series, fitted["interval"])
    print(describe(series, segments))
    _warn_of_gaps(segments, series)
    first, last = series.timestamps[[0, -1]]
    if known and not any(start <= last and end >= first for start, end in known):
        warnings.warn(f"no interval of '{arguments.known}' lies within the series", stacklevel=2)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.anomaly.series.saved import load_detector
    from tgan.system.device import pick_device

    detector = load_detector(arguments.detector, device=pick_device(arguments.device))
    reference = arguments.reference
    scored = detector.score(series, reference=reference)
    found = detector.intervals_of(scored)
    with write_files(arguments.out) as folder:
        write_scores(folder / SCORES, scored, found)
        write_intervals(folder / INTERVALS, found)
        write_plot(
            folder / PLOT,
            scored,
            found=found,
            known=known,
            level=detector.level_ if reference == "training" else None,
            title=arguments.series.stem,
        )
    print(describe_found(scored, found))
    if known is not None:
        print(describe_agreement(scored, found, known))
    print(arguments.out)


def robot(arguments: argparse.Namespace) -> None:
    """Write the series of a simulated robot, and when it fails."""
    simulated = robot_with_faults(seed=arguments.seed)
    with write_whole_folder(arguments.out) as folder:
        write_series(folder / USUAL, simulated.train)
        write_series(folder / FAULTS, simulated.test)
        write_intervals(folder / KNOWN, simulated.known)
    print(arguments.out)


def _settings(arguments: argparse.Namespace) -> "TadGANSettings":
    """The configuration with what is given in its place."""
    from tgan.anomaly.series.training.settings import CONFIGURATIONS

    settings = CONFIGURATIONS[arguments.config]
    given = _given(arguments, "window", "hidden", "latent_size", "constraint", "steps")
    if "hidden" not in given and given.get("window", math.inf) <= settings.hidden:
        raise ValueError(
            f"--window {arguments.window} needs a --hidden below it; that of "
            f"{arguments.config} is {settings.hidden}"
        )
    return replace(settings, **given)


def _scoring(arguments: argparse.Namespace) -> Scoring:
    """The configuration's, with what is given in its place."""
    given = _given(arguments, "error", "combination", "smoothing", "false_alarms")
    return replace(SCORINGS[arguments.config], **given)


def _given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    values = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _warn_of_gaps(segments: Series, series: Series) -> None:
    share = np.isnan(segments.values).mean(0).max()
    if share > _MANY_EMPTY:
        warnings.warn(
            f"{share:.0%} of the segments are empty and filled with the mean; a longer --interval "
            f"in fit leaves fewer (samples are {series.median_step} seconds apart in the median, "
            f"{np.diff(series.timestamps).max()} at most)",
            stacklevel=3,
        )
