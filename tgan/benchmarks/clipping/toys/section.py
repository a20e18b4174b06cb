"""Section of the report on toy GANs."""

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.toys.jobs import (
    N_CRITIC,
    PICTURE,
    chosen_trial,
    ended,
    schedule_of,
    seed_job,
)
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

COLUMNS = columns_of("range")
TEXT = (
    "A sample is good within 3 standard deviations of a mode; a mode counts with one good sample "
    "in 2,500; the reverse KL tells how unevenly good samples share themselves out, in nats. None "
    "of the three tells enough alone: a generator that spreads its samples everywhere has a few "
    "by chance at every mode, and one that has collapsed onto a mode has many good ones. The "
    "Wasserstein-1 distance counts all of it; it is exact, between 1,000 samples and 1,000 fresh "
    "ones of the mixture, which are not at distance 0 even from one another.",
    "Of a strategy's trials the one with the least Wasserstein-1 distance on a seed of its own is "
    "taken; every strategy has as many trials and updates as every other, and the seconds say what "
    "they cost.",
    "Published on these mixtures are, for GAN, ALI and PacGAN2, 6.3, 6.6 and 7.9 modes of the "
    "ring and 17.3, 24.1 and 23.8 of the grid (Lin et al. 2018, Table 1), by larger networks "
    "that saw many times as many samples; another paper has 1 and 3.3 for the same GAN "
    "(Srivastava et al. 2017, Table 1). Compare within these tables only.",
)


def section_of(plan: Plan, results: Results) -> Section:
    """A table per mixture, a plot of both, and the samples of seed 0 of every strategy."""
    tables = [_table(toy, plan, results) for toy in TOYS]
    plot = _plot(plan, results)
    return Section(
        "Toy GANs: modes that are left out",
        TEXT,
        [table for table in tables if table.rows],
        [plot] if plot.lines else [],
        _pictures(plan, results),
    )


def _table(toy: str, plan: Plan, results: Results) -> Table:
    rows: dict[str, list[list[float] | str]] = {}
    for name, strategy in plan.strategies.items():
        found = ended(plan, results, toy, name)
        if found:
            chosen = chosen_trial(plan, results, toy, name) or {}
            words = ", ".join(f"{setting} {value}" for setting, value in chosen.items())
            rows[strategy.title] = [*cells_of_runs(found, COLUMNS), words]
    if rows:
        rows[REAL] = [*cells_of_mixture(TOYS[toy](), COLUMNS), ""]
    schedule = schedule_of(plan)
    note = f"{schedule['train.steps']} generator updates, each after {N_CRITIC} of the critic."
    columns = [*COLUMNS.values(), Column("diverged"), Column("chosen")]
    return Table(TITLES[toy], columns, rows, note)


def _plot(plan: Plan, results: Results) -> Plot:
    """The distance that trials are chosen by, over strategies."""
    lines = []
    for toy in TOYS:
        found = [ended(plan, results, toy, name) for name in plan.strategies]
        distances = [[r["transport"] for r in each if "transport" in r] for each in found]
        lines.append(Line.over_seeds(TITLES[toy], dict(enumerate(distances))))
    return Plot(
        "Distance of samples from the mixtures",
        x_label="",
        y_label="Wasserstein-1 distance",
        lines=[line for line in lines if line.x],
        kind="points",
        log_y=True,
        ticks=[strategy.title for strategy in plan.strategies.values()],
        note="Means and ranges over seeds that did not diverge; lower is better.",
    )


def _pictures(plan: Plan, results: Results) -> list[Clip]:
    return [
        Clip(f"{TITLES[toy]}: {strategy.title}", path_of(job, PICTURE))
        for toy in TOYS
        for name, strategy in plan.strategies.items()
        if (job := seed_job(toy, name, 0)) in results and "failed" not in results[job]
    ]
