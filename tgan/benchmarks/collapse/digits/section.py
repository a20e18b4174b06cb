"""Section of the report on stacked digits and cures."""

from tgan.benchmarks.collapse.digits.jobs import (
    CONTROLS,
    PICTURE,
    QUICK,
    control_job,
    samples_of,
    seed_job,
)
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine.jobs import Results, results_of
from tgan.benchmarks.engine.records import path_of
from tgan.benchmarks.page.content import Clip, Column, Section, Table
from tgan.benchmarks.toys.tables import cells_of_runs
from tgan.config.reading import parse_config

COLUMNS = {
    "modes": Column("modes of 1,000", best="high", digits=4, spread="error"),
    "reverse_kl": Column("reverse KL", best="low", spread="error"),
    "seconds": Column("seconds", digits=2, spread="error"),
}
TEXT = (
    "Each image has three handwritten digits, one in each channel. A classifier reads the digits "
    "of samples, and a mode counts with one sample of its three digits; the reverse KL tells how "
    "unevenly samples share themselves out over the modes, in nats. Whatever the classifier is "
    "shown is some digit to it, so that neither number tells of quality: look at the samples.",
    "Published figures are of MNIST's digits, 28 pixels wide, and of larger networks (Metz et al. "
    "2017; Srivastava et al. 2017; Lin et al. 2018); they cannot be compared with these.",
)


def section_of(plan: Plan, results: Results) -> Section:
    """A table, and samples of seed 0 of every cure."""
    rows = {}
    for name, cure in plan.cures.items():
        found = results_of(results, [seed_job(name, seed) for seed in range(plan.seeds)])
        if found:
            rows[cure.title] = cells_of_runs(found, COLUMNS)
    for name, title in CONTROLS.items():
        for result in results_of(results, [control_job(name)]):
            words = [f"{result[column]:.4g}" for column in COLUMNS if column != "seconds"]
            rows[title] = [*words, "", ""]
    columns = [*COLUMNS.values(), Column("diverged")]
    table = Table("Stacked digits", columns, rows, _note(plan, results))
    return Section("Stacked digits", TEXT, [table] if rows else [], [], _pictures(plan, results))


def _note(plan: Plan, results: Results) -> str:
    steps = QUICK["train.steps"] if plan.quick else parse_config(plan.config or "").train.steps
    note = f"{samples_of(plan):,} samples after {steps:,} updates of the generator."
    accuracies = {result["accuracy"] for result in results.values() if "accuracy" in result}
    for accuracy in sorted(accuracies):
        note += f" The classifier reads {accuracy:.1%} of the digits held out rightly."
    return note


def _pictures(plan: Plan, results: Results) -> list[Clip]:
    named = {cure.title: seed_job(name, 0) for name, cure in plan.cures.items()}
    named |= {title: control_job(name) for name, title in CONTROLS.items()}
    return [
        Clip(title, path_of(job, PICTURE))
        for title, job in named.items()
        if job in results and "failed" not in results[job]
    ]
