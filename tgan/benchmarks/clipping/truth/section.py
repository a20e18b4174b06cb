"""Section of the report on known distances."""

from collections.abc import Mapping, Sequence

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.truth.jobs import Contestant, contestants, ended
from tgan.benchmarks.clipping.truth.problems import PROBLEMS
from tgan.benchmarks.engine.jobs import Result, Results
from tgan.benchmarks.page.content import Column, Line, Plot, Section, Table

TEXT = (
    "Each critic is trained on two distributions whose Wasserstein-1 distance is known; its "
    "estimate is the mean score of real samples less that of fake ones. A 1-Lipschitz critic "
    "cannot estimate more than the distance: what lies above 1 by more than its standard error "
    "is the excess of a critic that is steeper than its constraint promises, and what lies below "
    "is the room that the constraint leaves unused.",
    "Estimates are taken from fresh samples, which a critic cannot have learnt by heart; only "
    "those of the fixed samples are taken from the very samples, as their distance is. Batch "
    "norms score as in training, a batch of real and a batch of fake samples each by its own "
    "statistics, and once more in inference mode: in training they are no function of one sample "
    "and nothing bounds them.",
    "A strategy that bounds the critic by another number than 1 estimates a multiple of the "
    "distance, and no constraint at all estimates whatever it has had the time to reach: neither "
    "figure is a fault, but neither can be read as a distance. A gradient penalty gives way where "
    "that pays: one of weight w allows slopes of about 1 + W / 2w at a distance W, which for the "
    "clips and w = 10 is 4.2. On the line the best critic turns back in the middle; bounded "
    "layers with leaky rectifiers between them cannot do that at full slope (Anil et al. 2019).",
)
COLUMNS = (
    Column("estimate / truth"),
    Column("standard error", digits=2),
    Column("in inference mode / truth"),
    Column("largest gradient"),
    Column("seconds", digits=2),
    Column("diverged"),
)
Rows = Mapping[str, Sequence[Result]]


def section_of(plan: Plan, results: Results) -> Section:
    """A table per problem, and all of them in one plot; jobs that are missing are left out."""
    there = contestants(plan.strategies)
    found = {
        problem: {name: ended(plan, results, problem, name) for name in there}
        for problem in PROBLEMS
    }
    tables = [_table(problem, rows, there) for problem, rows in found.items()]
    lines = [
        Line.over_seeds(
            PROBLEMS[problem](0).title, dict(enumerate(_ratios(each) for each in rows.values()))
        )
        for problem, rows in found.items()
    ]
    plot = Plot(
        "Estimate over truth",
        x_label="",
        y_label="estimate / Wasserstein-1 distance",
        lines=[line for line in lines if line.x],
        kind="points",
        log_y=True,
        reference=(1.0, "the distance itself"),
        ticks=[contestant.title for contestant in there.values()],
        note="Means and ranges over seeds; estimates that are not positive are left out.",
    )
    return Section(
        "Truth known: what critics estimate",
        TEXT,
        [table for table in tables if table.rows],
        [plot] if plot.lines else [],
    )


def _table(problem: str, rows: Rows, there: Mapping[str, Contestant]) -> Table:
    shown = {
        there[name].title: _cells(results, there[name].batch_norm)
        for name, results in rows.items()
        if results
    }
    known = PROBLEMS[problem](0)
    note = f"Wasserstein-1 distance {known.distance:.4g}"
    note += "" if known.held_out else " for seed 0, others for other seeds"
    return Table(known.title, COLUMNS, shown, note)


def _cells(results: Sequence[Result], batch_norm: bool) -> list[list[float] | str]:
    whole = [result for result in results if "failed" not in result]
    diverged = f"{len(results) - len(whole)} of {len(results)}"
    if not whole:
        return [[], [], [], [], [], diverged]
    relative = {
        name: [result[name] / result["truth"] for result in whole]
        for name in ("estimate", "stderr", "inference")
    }
    return [
        relative["estimate"],
        relative["stderr"],
        relative["inference"] if batch_norm else [],
        [result["gradient"] for result in whole],
        [result["seconds"] for result in whole],
        diverged,
    ]


def _ratios(results: Sequence[Result]) -> list[float]:
    ratios = [r["estimate"] / r["truth"] for r in results if "failed" not in r]
    return [ratio for ratio in ratios if ratio > 0]
