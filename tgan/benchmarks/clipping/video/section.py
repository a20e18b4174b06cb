"""Section of the report on video."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.video.jobs import (
    CONTROLS_JOB,
    DISTANCE,
    DIVERSITY,
    KERNEL,
    RATIO,
    TIMING_JOB,
    TUNING_SEED,
    budgets,
    finals_of,
    first_budget,
    sizes_of,
    trial_job,
    trial_scores,
)
from tgan.benchmarks.clipping.video.plots import Finals, clips, critics_of, curves, gradients
from tgan.benchmarks.engine.jobs import Result, Results
from tgan.benchmarks.page.content import Column, Section, Table

TITLES = {"steps": "Samples at equal steps", "seconds": "Samples at equal time"}


@dataclass(frozen=True)
class Quality:
    """A column, and the key of a metric's result that it shows."""

    column: Column
    metric: str
    key: str


QUALITY = (
    Quality(Column(DISTANCE, "low"), DISTANCE, "value"),
    Quality(Column("diversity / real"), DIVERSITY, "ratio"),
    Quality(Column(KERNEL, "low"), KERNEL, "value"),
)
COST = (
    Column("seconds per step", "low"),
    Column("constraint's share of them"),
    Column("peak memory, MB"),
)
CRITIC = (Column("steepest slope found"), Column("certified bound"))
TEXT = (
    "Every strategy trains the same narrow TGAN from the same seeds, at most three, on the same "
    "clips. Its settings are the best of three, chosen by runs of two thirds of the steps under a "
    "seed of their own and against training clips (weight clipping tries bounds, the others "
    "learning rates); the final runs are measured against clips that nobody has seen. Equal time "
    "is what SVC with batch norm, the paper's way, takes for the steps (the first strategy where "
    "that one takes no part), turned into steps by the times below.",
    "A diversity well below that of real clips tells of collapse, whatever the distance says; "
    "one above it tells of noise. Ranges are over training seeds: where those of two strategies "
    "overlap, these runs do not tell them apart.",
)


def section_of(plan: Plan, results: Results) -> Section:
    """Everything that the results so far tell; what is missing is left out."""
    there = finals_of(plan, results)
    tables = [_quality(plan, results, there, kind) for kind in _kinds(plan, results)]
    tables += [
        _controls(results),
        _cost(plan, results, there),
        _critics(plan, there),
        _choices(plan, results),
    ]
    return Section(
        "Video: a narrow TGAN",
        TEXT,
        [table for table in tables if table.rows],
        [plot for plot in (curves(plan, there), gradients(plan, there)) if plot.lines],
        clips(plan, results),
    )


def _kinds(plan: Plan, results: Results) -> list[str]:
    if TIMING_JOB not in results:
        return []
    return list(budgets(plan, sizes_of(plan), results, next(iter(plan.strategies))))


def _quality(plan: Plan, results: Results, there: Finals, kind: str) -> Table:
    """Samples of every strategy where one budget ends."""
    sizes = sizes_of(plan)
    ends = {name: budgets(plan, sizes, results, name)[kind] for name in there}
    points = {
        name: [final.get("points", {}).get(str(ends[name])) for final in finals]
        for name, finals in there.items()
    }
    shown = _measured([point for found in points.values() for point in found])
    if kind != first_budget(plan):
        shown = [quality for quality in shown if quality.metric != KERNEL]
    rows: dict[str, list[list[float] | str]] = {
        plan.strategies[name].title: [[ends[name]], *_cells(found, shown)]
        for name, found in points.items()
    }
    for name, strategy in plan.strategies.items():
        scores = trial_scores(name, results)
        if scores is not None and scores.count(None) == len(scores):
            rows[strategy.title] = ["diverged in every trial", *([] for _ in shown)]
    few = f" ({KERNEL}: {sizes.kernel_samples})" if KERNEL in (q.metric for q in shown) else ""
    note = f"{sizes.samples} samples beside as many held-back clips{few}. A run that diverged "
    note += "counts as not finite."
    return Table(
        TITLES[kind], (Column("steps"), *(quality.column for quality in shown)), rows, note
    )


def _controls(results: Results) -> Table:
    """Training clips measured as if they were samples."""
    found = results.get(CONTROLS_JOB, {})
    shown = _measured(list(found.values()))
    rows = {f"training clips: {name}": _cells([point], shown) for name, point in found.items()}
    note = (
        "Training clips as if they were samples: as they are, which no generator can be expected "
        "to beat; changed; or their mean, over and over."
    )
    columns = [Column(quality.column.name) for quality in shown]
    return Table("The same numbers for clips that are known", columns, rows, note)


def _measured(points: Sequence[Mapping[str, Any] | None]) -> list[Quality]:
    """The columns that some point has a number for."""
    return [q for q in QUALITY if any(q.metric in point for point in points if point)]


def _cells(points: Sequence[Mapping[str, Any] | None], shown: Sequence[Quality]) -> list[list]:
    """One list per column, a value per point; infinite for a run that had diverged."""
    return [
        _known([math.inf if p is None else p.get(q.metric, {}).get(q.key) for p in points])
        for q in shown
    ]


def _known(values: Sequence[float | None]) -> list[float]:
    """The numbers that were measured."""
    return [value for value in values if value is not None]


def _cost(plan: Plan, results: Results, there: Finals) -> Table:
    timing, rows = results.get(TIMING_JOB, {"failed": ""}), {}
    for name, strategy in plan.strategies.items() if "failed" not in timing else ():
        memory = [final["peak_megabytes"] for final in there.get(name, ()) if "points" in final]
        rows[strategy.title] = [timing[name]["rounds"], f"{timing[name]['share']:.0%}", memory]
    note = (
        "Times are of rounds in which all strategies took turns in one process. The share is what "
        "a step takes more than one without constraint, as part of it, by medians; a few percent "
        "either way are noise. Memory is all that "
        "the training process held, libraries included (on CUDA: its tensors)."
    )
    return Table("Cost of a training step", COST, rows, note)


def _critics(plan: Plan, there: Finals) -> Table:
    rows = {}
    for name, finals in there.items():
        critics = critics_of(finals)
        if critics:
            bounds = [critic["certificate"] for critic in critics]
            rows[plan.strategies[name].title] = [[c["empirical"] for c in critics], _known(bounds)]
    note = (
        "The critic's Lipschitz constant lies between the two, with batch norms in inference mode. "
        "As in training, by the statistics of a batch, they bound nothing."
    )
    return Table("How steep the critic is after training", CRITIC, rows, note)


def _choices(plan: Plan, results: Results) -> Table:
    rows = {}
    for name, strategy in plan.strategies.items():
        scores = trial_scores(name, results)
        if scores is not None:
            rows[strategy.title] = [
                f"{_brief(trial)}: {_outcome(results[trial_job(name, number)])}"
                for number, trial in enumerate(strategy.trials)
            ]
    columns = [Column(f"trial {number}") for number in (1, 2, 3)]
    note = (
        f"{DISTANCE} to training clips after {sizes_of(plan).trial_steps} steps under seed "
        f"{TUNING_SEED}; the lowest is chosen. In parentheses the diversity, as part of real "
        "clips'. A choice that is no nearer than the mean clip above says that nothing was learnt "
        "yet."
    )
    return Table("Choice of settings", columns, rows, note)


def _brief(trial: Mapping[str, Any]) -> str:
    """Settings by the last part of their names, each once."""
    brief = {name.rpartition(".")[2]: value for name, value in trial.items()}
    return ", ".join(f"{name} {value:g}" for name, value in brief.items())


def _outcome(trial: Result) -> str:
    """Distance and diversity of a trial."""
    if DISTANCE not in trial:
        return "diverged"
    return f"{trial[DISTANCE]:.3g} ({trial.get(RATIO, math.nan):.2g})"
