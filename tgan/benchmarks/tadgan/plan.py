"""Plan of the comparison: which methods run on which series, with which seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from tgan.benchmarks.engine.jobs import Job
from tgan.benchmarks.engine.records import RESULT, path_of
from tgan.benchmarks.tadgan.cases import FOLDERS, Case
from tgan.benchmarks.tadgan.methods import Method
from tgan.benchmarks.tadgan.records import Run

# The job of every run.
Plan = Mapping[Run, Job]


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
