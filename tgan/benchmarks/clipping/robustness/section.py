"""What the part on robustness shows."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from tgan.benchmarks.clipping.measuring import MEAN
from tgan.benchmarks.clipping.robustness.part import (
    BATCH,
    CONTROLS_JOB,
    DISTANCE,
    LEAST_DIVERSITY,
    MOST_SEEDS,
    SETTINGS,
    STEPS,
    VERDICTS,
    arms_of,
    letters_of,
    run_job,
    seeds_of,
    verdict,
)
from tgan.benchmarks.engine.part import Column, Line, Plan, Plot, Result, Section, Table

TEXT = (
    "The authors of TGAN claim for singular value clipping that training does not fail, rather "
    "than that samples are better. Each strategy, with its own defaults, trains under settings "
    "of Adam and of critic updates per generator update from mild to rough (Miyato et al. 2018, "
    "Table 1); no setting is tuned for anyone.",
    f"All runs make {STEPS} generator updates on batches of {BATCH}, at most {MOST_SEEDS} seeds a "
    "setting. A run has diverged if a number was not finite. One whose samples are less than "
    f"{LEAST_DIVERSITY:.2g} times as diverse as real clips has collapsed. Of the others, one whose "
    "samples are no nearer to real clips than the mean clip, over and over, has not learnt yet: a "
    "low learning rate may need more steps, which is no instability. The bounds were fixed before "
    "the runs.",
)
# By setting, the results that are there, in the order of seeds.
Grid = Mapping[str, Sequence[Result]]


def robustness_section(plan: Plan, results: Mapping[str, Result]) -> Section:
    """Everything that `results` tells so far."""
    controls = results.get(CONTROLS_JOB)
    grids = {name: _grid(plan, results, name) for name in arms_of(plan)}
    if controls is None or not any(found for grid in grids.values() for found in grid.values()):
        return Section("Robustness over settings", TEXT)
    bound = controls[MEAN][DISTANCE]["value"]
    titles = {name: plan.arms[name].title for name in grids}
    counts = {titles[name]: _counts(grid, bound) for name, grid in grids.items()}
    spans = {titles[name]: _spans(plan, results, name) for name in grids}
    cells = {titles[name]: [_distances(f) for f in grid.values()] for name, grid in grids.items()}
    return Section(
        "Robustness over settings",
        TEXT,
        [
            Table("How runs ended", [Column(kind) for kind in VERDICTS], counts),
            _spans_table(spans),
            _distances_table(plan, cells, controls),
        ],
        [_plot(plan, {titles[name]: grid for name, grid in grids.items()}, bound)],
    )


def _grid(plan: Plan, results: Mapping[str, Result], name: str) -> dict[str, list[Result]]:
    return {
        letter: [
            result
            for seed in seeds_of(plan)
            if (result := results.get(run_job(name, letter, seed))) is not None
        ]
        for letter in letters_of(plan)
    }


def _counts(grid: Grid, bound: float) -> list[str]:
    """How many runs of all ended how."""
    verdicts = [verdict(result, bound) for found in grid.values() for result in found]
    return [f"{verdicts.count(kind)} of {len(verdicts)}" for kind in VERDICTS]


def _distances(found: Sequence[Result]) -> list[float]:
    """Distances by seed, infinite for a run that diverged."""
    return [math.inf if "failed" in result else result[DISTANCE]["value"] for result in found]


def _spans(plan: Plan, results: Mapping[str, Result], name: str) -> list[list[float] | str]:
    """By seed, the best, the median and the worst distance over all settings."""
    whole = []
    for seed in seeds_of(plan):
        found = [results.get(run_job(name, letter, seed)) for letter in letters_of(plan)]
        if None not in found:
            whole.append(_distances(found))
    return [[pick(distances) for distances in whole] for pick in (min, median, max)]


def _spans_table(rows: Mapping) -> Table:
    columns = [Column(f"{name} setting", "low") for name in ("best", "median", "worst")]
    note = "A run that diverged is farther than any other."
    return Table(f"{DISTANCE} over settings", columns, rows, note)


def _distances_table(plan: Plan, rows: Mapping, controls: Result) -> Table:
    columns = [Column(letter, "low") for letter in letters_of(plan)]
    settings = "; ".join(
        f"{letter}: rate {SETTINGS[letter].lr:g}, betas {SETTINGS[letter].betas}, "
        f"{SETTINGS[letter].n_critic} critic updates"
        for letter in letters_of(plan)
    )
    known = ", ".join(f"{name} {found[DISTANCE]['value']:.3g}" for name, found in controls.items())
    note = f"{settings}. Training clips as samples, as they are and changed: {known}."
    return Table(f"{DISTANCE} by setting", columns, rows, note)


def _plot(plan: Plan, grids: Mapping[str, Grid], bound: float) -> Plot:
    lines = []
    for number, (title, grid) in enumerate(grids.items()):
        points = []
        for place, found in enumerate(grid.values()):
            finite = [distance for distance in _distances(found) if math.isfinite(distance)]
            if finite:
                # Beside one another, not on top of one another.
                points.append((place + 0.12 * (number - (len(grids) - 1) / 2), finite))
        x, values = [x for x, _ in points], [finite for _, finite in points]
        low, high = [min(finite) for finite in values], [max(finite) for finite in values]
        lines.append(Line(title, x, [median(finite) for finite in values], low, high))
    return Plot(
        "Distance by setting",
        "setting",
        DISTANCE,
        [line for line in lines if line.x],
        kind="points",
        log_y=True,
        reference=(bound, "the mean clip"),
        ticks=letters_of(plan),
        note="Medians and ranges over seeds; runs that diverged are left out.",
    )
