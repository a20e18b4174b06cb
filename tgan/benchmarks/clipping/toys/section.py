"""What the part on toy GANs shows."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from tgan.benchmarks.clipping.small import line_of
from tgan.benchmarks.clipping.strategies import Arm
from tgan.benchmarks.clipping.toys.part import (
    PICTURE,
    QUICK,
    SAMPLES,
    SCHEDULE,
    best_of,
    job_name,
    trials_of,
)
from tgan.benchmarks.clipping.toys.toygan import judge
from tgan.benchmarks.engine.part import Clip, Column, Plan, Plot, Result, Section, Table
from tgan.benchmarks.engine.records import folder_of
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
    "Of an arm's trials the one with the least Wasserstein-1 distance on a seed of its own is "
    "taken; every arm has as many trials and updates as every other, and the seconds say what "
    "they cost.",
    "Published on these mixtures are, for GAN, ALI and PacGAN2, 6.3, 6.6 and 7.9 modes of the "
    "ring and 17.3, 24.1 and 23.8 of the grid (Lin et al. 2018, Table 1), by larger networks "
    "that saw many times as many samples; another paper has 1 and 3.3 for the same GAN "
    "(Srivastava et al. 2017, Table 1). Compare within these tables only.",
)


def toys_section(plan: Plan, results: Mapping[str, Result], out: Path) -> Section:
    """A table per mixture, a plot of both, and the samples of seed 0 of every strategy."""
    tables = [_table(toy, plan, results) for toy in TOYS]
    plot = _plot(plan, results)
    return Section(
        "Toy GANs: modes that are left out",
        TEXT,
        [table for table in tables if table.rows],
        [plot] if plot.lines else [],
        _pictures(plan, out),
    )


def _table(toy: str, plan: Plan, results: Mapping[str, Result]) -> Table:
    rows: dict[str, list[list[float] | str]] = {}
    for name, arm in plan.arms.items():
        ended = _ended(toy, name, plan, results)
        if ended:
            rows[arm.title] = _cells(ended) + [_chosen(toy, name, arm, plan.quick, results)]
    if rows:
        rows[REAL] = _of_mixture(TOYS[toy]())
    schedule = QUICK if plan.quick else SCHEDULE
    note = f"{schedule.steps} generator updates, each after {schedule.n_critic} of the critic."
    columns = [*COLUMNS.values(), Column("diverged"), Column("chosen")]
    return Table(TITLES[toy], columns, rows, note)


def _ended(toy: str, name: str, plan: Plan, results: Mapping[str, Result]) -> list[Result]:
    found = (results.get(job_name(toy, name, f"seed_{seed}")) for seed in range(plan.seeds))
    return [result for result in found if result is not None]


def _cells(ended: Sequence[Result]) -> list[list[float] | str]:
    whole = [result for result in ended if "failed" not in result]
    # A run that diverged counts as not finite, so that no strategy is best by losing its worst.
    lost = [math.nan] * (len(ended) - len(whole))
    measured = [[result[name] for result in whole if name in result] + lost for name in COLUMNS]
    return [*measured, f"{len(lost)} of {len(ended)}"]


def _of_mixture(mixture: GaussianMixture) -> list[str]:
    """What a generator without fault would be measured at; in words, since it does not compete."""
    found = judge(mixture.draw(SAMPLES, numpy_rng(Stream.SAMPLES, 0, 2)), mixture, 0)
    known = [f"{found[name]:.3g}" for name in COLUMNS if name in found]
    return known + [""] * (len(COLUMNS) + 2 - len(known))


def _chosen(toy: str, name: str, arm: Arm, quick: bool, results: Mapping[str, Result]) -> str:
    """The settings of the chosen trial, in words."""
    trials = trials_of(toy, name, arm, quick)
    if not all(trial.name in results for trial in trials):
        return ""
    trial = arm.trials[trials.index(best_of(trials, results))]
    return ", ".join(f"{name} {value}" for name, value in trial.items())


def _plot(plan: Plan, results: Mapping[str, Result]) -> Plot:
    """What trials are chosen by, over strategies."""
    place = list(COLUMNS).index("transport")
    lines = []
    for toy in TOYS:
        cells = [_cells(_ended(toy, name, plan, results))[place] for name in plan.arms]
        lines.append(line_of(TITLES[toy], [[v for v in c if math.isfinite(v)] for c in cells]))
    return Plot(
        "Distance of samples from the mixtures",
        x_label="",
        y_label="Wasserstein-1 distance",
        lines=[line for line in lines if line.x],
        kind="points",
        log_y=True,
        ticks=[arm.title for arm in plan.arms.values()],
        note="Means and ranges over seeds that did not diverge; lower is better.",
    )


def _pictures(plan: Plan, out: Path) -> list[Clip]:
    found = []
    for toy in TOYS:
        for name, arm in plan.arms.items():
            path = folder_of(out, job_name(toy, name, "seed_0")) / PICTURE
            if path.is_file():
                found.append(Clip(f"{TITLES[toy]}: {arm.title}", str(path.relative_to(out))))
    return found
