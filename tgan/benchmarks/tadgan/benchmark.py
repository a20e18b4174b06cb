"""Comparison of detectors as a whole: its jobs, the results of all, and the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tgan.benchmarks.engine.completion import complete
from tgan.benchmarks.engine.machine import describe_machine
from tgan.benchmarks.engine.progress import Progress
from tgan.benchmarks.engine.queue import Queue
from tgan.benchmarks.engine.records import RESULTS, TABLES, write_json
from tgan.benchmarks.tadgan.cases import Case
from tgan.benchmarks.tadgan.methods import Method
from tgan.benchmarks.tadgan.part import Detectors, Plan, plan_of
from tgan.benchmarks.tadgan.records import PART, Result, Run, check_out, read_run
from tgan.benchmarks.tadgan.tables import Row, report
from tgan.system.files import write_whole

# Runs that a process does in turn: many take less time than a process does to start.
TOGETHER = 25


def run_comparison(
    cases: Sequence[Case],
    methods: Mapping[str, Method],
    *,
    data: Path | None,
    out: Path,
    seeds: int,
    processes: int,
) -> None:
    """Do what is not done yet, then write results and tables, and print the tables.

    They tell of further seeds, too, if `out` has them. Every process has one thread, so that times
    do not depend on how many there are.

    Args:
        methods: of `METHODS`, by name.
        data: with the folders of sets that are not simulated.

    Raises:
        ValueError: `out` holds something else, or a result that is damaged or was made with other
            settings.
        ChildProcessError, KeyboardInterrupt: as `complete`.
    """
    check_out(out)
    plan = plan_of(cases, methods, seeds=seeds, data=data, out=out)
    # What cannot be used is refused before any work.
    _read(plan, methods, out)
    made_by = describe_machine() | {"processes": str(processes), "threads": "1"}
    queue = Queue(
        {PART: Detectors()},
        plan,
        out=out,
        observer=Progress(),
        processes=processes,
        together=TOGETHER,
        made_by=made_by,
    )
    complete(queue, lambda: _report(cases, methods, plan, out, queue.crashed))


def _read(plan: Plan, methods: Mapping[str, Method], out: Path) -> dict[Run, Result | str]:
    """Results of the runs that have ended, or the reasons why they failed."""
    found = {
        run: read_run(run, job, out, combination=methods[run.method].combination)
        for run, job in plan.items()
    }
    return {run: result for run, result in found.items() if result is not None}


def _report(
    cases: Sequence[Case],
    methods: Mapping[str, Method],
    plan: Plan,
    out: Path,
    crashed: Mapping[str, str],
) -> None:
    """Write all results, and the tables of those seeds of a method of which none is missing."""
    halves = {(case.series.group, case.series.name): case.half for case in cases}
    ended = _read(plan, methods, out)
    rows = [
        Row(run, result, halves[run.group, run.series], methods[run.method].combination)
        for run, result in ended.items()
        if isinstance(result, Result)
    ]
    failed = {run: result for run, result in ended.items() if isinstance(result, str)}
    failed |= {run: crashed[job.name] for run, job in plan.items() if job.name in crashed}
    incomplete = {(run.method, run.seed) for run in plan.keys() - {row.run for row in rows}}
    whole = [row for row in rows if (row.run.method, row.run.seed) not in incomplete]
    text = report(whole, [*_makers(whole), *_failures(failed)])
    content = [{**asdict(row.run), "half": row.half, **asdict(row.result)} for row in rows]
    write_json(out / RESULTS, content)
    write_whole(out / TABLES, lambda part: part.write_text(text))
    print(text)
    print(out)


def _makers(rows: Sequence[Row]) -> list[str]:
    """A line for each maker of results with the methods that it ran."""
    methods: dict[str, dict[str, None]] = {}
    for row in rows:
        maker = ", ".join(f"{name} {value}" for name, value in row.result.made_by.items())
        methods.setdefault(maker, {})[row.run.method] = None
    return [f"{', '.join(names)}: {maker}." for maker, names in methods.items()]


def _failures(failed: Mapping[Run, str]) -> list[str]:
    """A line for each run that failed; the seed of its method is in no table."""
    return [
        f"Left out, {run.method} with seed {run.seed}, which failed on {run.group}/{run.series}: "
        f"{reason}."
        for run, reason in failed.items()
    ]
