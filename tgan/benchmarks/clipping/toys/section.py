"""Section of the report on toy GANs."""

import math
from collections.abc import Sequence

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.toys.jobs import PICTURE, chosen_trial, ended, seed_job
from tgan.benchmarks.engine.jobs import Result, Results
from tgan.benchmarks.engine.records import path_of
from tgan.benchmarks.page.content import Clip, Column, Line, Plot, Section, Table
from tgan.benchmarks.toys.toygan import QUICK, SAMPLES, SCHEDULE, judge
from tgan.data.made.toy import TOYS, GaussianMixture
from tgan.rng import Stream, numpy_rng

TITLES = {"ring": "Ring of 8 Gaussians", "grid": "Grid of 25 Gaussians"}
COLUMNS = {
    "modes": Column("modes", best="high"),
    "good": Column("share of good samples", best="high"),
    "reverse_kl": Column("reverse KL", best="low"),
    "transport": Column("Wasserstein-1", best="low"),
    "seconds": Column("seconds", digits=2),
}
REAL = "the mixture itself"
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
            rows[strategy.title] = [*_cells(found), words]
    if rows:
        rows[REAL] = _of_mixture(TOYS[toy]())
    schedule = QUICK if plan.quick else SCHEDULE
    note = f"{schedule.steps} generator updates, each after {schedule.n_critic} of the critic."
    columns = [*COLUMNS.values(), Column("diverged"), Column("chosen")]
    return Table(TITLES[toy], columns, rows, note)


def _cells(found: Sequence[Result]) -> list[list[float] | str]:
    whole = [result for result in found if "failed" not in result]
    # A run that diverged counts as not finite, so that no strategy is best by losing its worst.
    lost = [math.nan] * (len(found) - len(whole))
    measured = [[result[name] for result in whole if name in result] + lost for name in COLUMNS]
    return [*measured, f"{len(lost)} of {len(found)}"]


def _of_mixture(mixture: GaussianMixture) -> list[str]:
    """The measurements of a generator without fault; in words, since it does not compete."""
    found = judge(mixture.draw(SAMPLES, numpy_rng(Stream.SAMPLES, 0, 2)), mixture, 0)
    known = [f"{found[name]:.3g}" for name in COLUMNS if name in found]
    return known + [""] * (len(COLUMNS) + 2 - len(known))


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
