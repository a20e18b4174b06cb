"""Part of the benchmark that compares detectors: its runs, a method on a series with a seed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from tgan.anomaly.series.data.sets import Labelled
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.engine.records import RESULT, path_of
from tgan.benchmarks.tadgan.cases import FOLDERS, Case, find_series
from tgan.benchmarks.tadgan.methods import METHODS, Method, Outcome
from tgan.benchmarks.tadgan.records import Run
from tgan.lookup import look_up
from tgan.metrics.overlap import agreement

# The job of every run.
Plan = Mapping[Run, Job]


class Detectors:
    """Methods on series, with seeds."""

    methods: Mapping[str, Method] = MappingProxyType(METHODS)

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """All jobs at once."""
        return list(plan.values())

    def run(self, job: Job, folder: Path) -> Result:
        """Fit a method and find intervals; an interrupted job starts anew."""
        about = job.settings
        method = look_up(self.methods, about["method"], kind="method")
        series = find_series(
            about["set"], about["group"], about["series"], data=job.places.get("data")
        )
        outcome = method.run(series, seed=about["seed"])
        return {**asdict(outcome), "found": _found(outcome, series)}


def plan_of(
    cases: Sequence[Case],
    methods: Mapping[str, Method],
    *,
    seeds: int,
    data: Path | None,
    out: Path,
) -> dict[Run, Job]:
    """The jobs of all runs, those of the first seed first, and of further seeds that `out` has.

    Args:
        data: with the folders of sets that are not simulated.
    """
    runs = {
        Run(name, case.series.group, case.series.name, seed): case
        for seed in range(seeds)
        for name, method in methods.items()
        for case in cases
        if method.seeded or not seed
    }
    runs |= {later: case for run, case in runs.items() for later in _later_seeds(run, seeds, out)}
    return {run: _job_of(run, case, methods[run.method], data) for run, case in runs.items()}


def _later_seeds(run: Run, seeds: int, out: Path) -> list[Run]:
    """The same run with the seeds after the last one, as far as their results are there."""
    found = []
    for seed in count(seeds) if run.seed == seeds - 1 else ():
        later = replace(run, seed=seed)
        if not (out / path_of(later.job_name, RESULT)).is_file():
            break
        found.append(later)
    return found


def _job_of(run: Run, case: Case, method: Method, data: Path | None) -> Job:
    settings = {"set": case.set, "group": run.group, "series": run.series, "seed": run.seed}
    places = {} if FOLDERS[case.set] is None else {"data": str(Path(data).resolve())}
    about = {"method": run.method, "settings": method.settings()}
    return Job(run.job_name, settings | about, places)


def _found(outcome: Outcome, series: Labelled) -> dict[str, Any]:
    times = np.asarray(series.test.timestamps)
    return {
        combination: asdict(agreement(series.labels, intervals, times))
        for combination, intervals in outcome.intervals.items()
    }
