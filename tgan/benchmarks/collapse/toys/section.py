"""Section of the report on toy GANs and cures."""

from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.collapse.toys.jobs import PICTURE, ended, seed_job, settings_of
from tgan.benchmarks.engine.jobs import Results
from tgan.benchmarks.engine.records import path_of
from tgan.benchmarks.page.content import Clip, Column, Line, Plot, Section, Table
from tgan.benchmarks.toys.tables import (
    REAL,
    TITLES,
    cells_of_mixture,
    cells_of_runs,
    columns_of,
)
from tgan.data.made.toy import TOYS

COLUMNS = columns_of("error")
TEXT = (
    "A sample is good within 3 standard deviations of a mode; a mode counts with one good sample "
    "in 2,500; the reverse KL tells how unevenly good samples share themselves out, in nats. The "
    "Wasserstein-1 distance is exact, between 1,000 samples and 1,000 fresh ones of the mixture, "
    "which are not at distance 0 even from one another.",
    "Every cure has the networks, the number of updates and the rates of the plain GAN, for which "
    "they were chosen; seconds say what a cure costs beside.",
    "Published figures are modes, share of good samples and reverse KL (Lin et al. 2018, Table 1; "
    "Srivastava et al. 2017, Table 1). Networks and training are larger there, and the two papers "
    "differ more from one another than cures do: compare within a table only.",
)


def section_of(plan: Plan, results: Results) -> Section:
    """A table per mixture, a plot of both, and the samples of seed 0 of every cure."""
    tables = [_table(toy, plan, results) for toy in TOYS]
    plot = _plot(plan, results)
    return Section(
        "Toy GANs: modes that are found",
        TEXT,
        [table for table in tables if table.rows],
        [plot] if plot.lines else [],
        _pictures(plan, results),
    )


def _table(toy: str, plan: Plan, results: Results) -> Table:
    rows: dict[str, list[list[float] | str]] = {}
    for name, cure in plan.cures.items():
        found = ended(plan, results, toy, name)
        if found:
            published = cure.published.get(toy, "")
            rows[cure.title] = [*cells_of_runs(found, COLUMNS), published]
    if rows:
        rows[REAL] = [*cells_of_mixture(TOYS[toy](), COLUMNS), ""]
    columns = [*COLUMNS.values(), Column("diverged"), Column("published")]
    return Table(TITLES[toy], columns, rows, _note(plan))


def _note(plan: Plan) -> str:
    cure = next(iter(plan.cures.values()))
    shared = settings_of(cure, quick=plan.quick)
    return (
        f"{shared['train.steps']} updates of either network on batches of "
        f"{shared['train.batch_size']}, Adam at {shared['critic_optimizer.lr']:g}, falling to 0."
    )


def _plot(plan: Plan, results: Results) -> Plot:
    """The evenness of good samples over cures."""
    lines = []
    for toy in TOYS:
        found = [ended(plan, results, toy, name) for name in plan.cures]
        values = [[r["reverse_kl"] for r in each if "reverse_kl" in r] for each in found]
        lines.append(Line.over_seeds(TITLES[toy], dict(enumerate(values))))
    return Plot(
        "How unevenly good samples share themselves out",
        x_label="",
        y_label="reverse KL, nats",
        lines=[line for line in lines if line.x],
        kind="points",
        ticks=[cure.title for cure in plan.cures.values()],
        note="Means and ranges over seeds that did not diverge; lower is better.",
    )


def _pictures(plan: Plan, results: Results) -> list[Clip]:
    return [
        Clip(f"{TITLES[toy]}: {cure.title}", path_of(job, PICTURE))
        for toy in TOYS
        for name, cure in plan.cures.items()
        if (job := seed_job(toy, name, 0)) in results and "failed" not in results[job]
    ]
