"""Tasks of the part on video: timing, controls, a trial of settings, a final run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tgan.benchmarks.clipping.measuring import (
    CHOOSING_SEED,
    MEASURING_SEED,
    describe_critic,
    measure_checkpoint,
    measure_controls,
    show_checkpoint,
    show_real,
)
from tgan.benchmarks.clipping.video.jobs import RATIO, REAL, SAMPLES
from tgan.benchmarks.clipping.video.timing import time_strategies
from tgan.benchmarks.engine.jobs import Job, Result
from tgan.benchmarks.experiments import (
    RUN,
    checkpoint_of,
    peak_megabytes,
    train,
    variation,
)
from tgan.evaluation.names import DEFAULT_CONTROLS
from tgan.lookup import look_up


def do_task(job: Job, folder: Path) -> Result:
    """Do the job's `task`, one of `TASKS`, with the rest of its settings; training is resumed.

    Raises:
        ArithmeticError: training diverged before there was anything to measure.
    """
    settings = dict(job.settings)
    return look_up(TASKS, settings.pop("task"), kind="task")(folder, **settings)


def _timing(folder: Path, config: str, strategies: Mapping[str, Any], rounds: int) -> Result:
    return time_strategies(config, strategies, rounds=rounds)


def _controls(folder: Path, config: str, metrics: Mapping[str, int]) -> Result:
    experiment = variation(config, {})
    show_real(experiment, folder / REAL)
    return measure_controls(experiment, metrics, DEFAULT_CONTROLS)


def _trial(
    folder: Path, config: str, settings: Mapping[str, Any], metrics: Mapping[str, int]
) -> Result:
    """Train with one of a strategy's settings; samples are held against training clips."""
    experiment = variation(config, settings)
    train(experiment, folder / RUN)
    path = checkpoint_of(folder / RUN, experiment.train.steps)
    found = measure_checkpoint(path, metrics, data="training", first_seed=CHOOSING_SEED)
    values = {name: measured["value"] for name, measured in found.items()}
    ratios = [measured["ratio"] for measured in found.values() if "ratio" in measured]
    return values | {RATIO: ratios[0]} if ratios else values


def _final(
    folder: Path,
    config: str,
    settings: Mapping[str, Any],
    points: list[dict[str, Any]],
    end: int,
) -> Result:
    """Train once and measure on the way; a run that diverges later on keeps what it reached."""
    experiment, diverged = variation(config, settings), None
    try:
        train(experiment, folder / RUN)
    except ArithmeticError as error:
        diverged = str(error)
    found: Result = {"diverged": diverged, "peak_megabytes": peak_megabytes()}
    reached = [p for p in points if checkpoint_of(folder / RUN, p["step"]) is not None]
    if not reached:
        raise ArithmeticError(diverged)
    found["points"] = {
        str(point["step"]): measure_checkpoint(
            checkpoint_of(folder / RUN, point["step"]),
            point["metrics"],
            data="held_out",
            first_seed=MEASURING_SEED,
        )
        for point in reached
    }
    last = checkpoint_of(folder / RUN, min(end, reached[-1]["step"]))
    show_checkpoint(last, folder / SAMPLES)
    return found | {"critic": describe_critic(last)}


TASKS = {
    "timing": _timing,
    "controls": _controls,
    "trial": _trial,
    "final": _final,
}
