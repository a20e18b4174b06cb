"""Section of the report on robustness, and when a run has failed."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from tgan.benchmarks.clipping.measuring import MEAN
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.robustness.jobs import (
    BATCH,
    CONTROLS_JOB,
    DISTANCE,
    DIVERSITY,
    MOST_SEEDS,
    SETTINGS,
    STEPS,
    letters_of,
    run_job,
    seeds_of,
    strategies_of,
)
from tgan.benchmarks.engine.jobs import Result, Results, results_of
from tgan.benchmarks.page.content import Column, Line, Plot, Section, Table

# Fixed before the runs. Samples that are less than a third as far from each other as real clips
# are have collapsed. Among the others, samples that are no nearer to real clips than the mean clip,
# over and over, tell of nothing that was learnt in so few steps; that is no failure.
LEAST_DIVERSITY = 1 / 3
DIVERGED, COLLAPSED, NOT_YET, FINE = "diverged", "collapsed", "not learnt yet", "fine"
VERDICTS = (DIVERGED, COLLAPSED, NOT_YET, FINE)
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
# By setting, the results that there are, in the order of seeds.
Grid = Mapping[str, Sequence[Result]]


def section_of(plan: Plan, results: Results) -> Section:
    """How runs ended, and their distances by setting; runs that are missing are left out."""
    controls = results.get(CONTROLS_JOB)
    grids = {name: _grid(plan, results, name) for name in strategies_of(plan)}
    if controls is None or not any(found for grid in grids.values() for found in grid.values()):
        return Section("Robustness over settings", TEXT)
    bound = controls[MEAN][DISTANCE]["value"]
    titles = {name: plan.strategies[name].title for name in grids}
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


def verdict(result: Result, bound: float) -> str:
    """One of `VERDICTS`.

    Args:
        bound: the distance of the mean clip.
    """
    if "failed" in result:
        return DIVERGED
    if result[DIVERSITY]["ratio"] < LEAST_DIVERSITY:
        return COLLAPSED
    return NOT_YET if result[DISTANCE]["value"] >= bound else FINE


def _grid(plan: Plan, results: Results, name: str) -> dict[str, list[Result]]:
    return {
        letter: results_of(results, [run_job(name, letter, seed) for seed in seeds_of(plan)])
        for letter in letters_of(plan)
    }


def _counts(grid: Grid, bound: float) -> list[str]:
    """How many runs of all ended how."""
    verdicts = [verdict(result, bound) for found in grid.values() for result in found]
    return [f"{verdicts.count(kind)} of {len(verdicts)}" for kind in VERDICTS]


def _distances(found: Sequence[Result]) -> list[float]:
    """Distances by seed, infinite for a run that diverged."""
    return [math.inf if "failed" in result else result[DISTANCE]["value"] for result in found]


def _spans(plan: Plan, results: Results, name: str) -> list[list[float] | str]:
    """By seed, the best, the median and the worst distance over all settings."""
    letters = letters_of(plan)
    by_seed = [
        results_of(results, [run_job(name, letter, seed) for letter in letters])
        for seed in seeds_of(plan)
    ]
    whole = [_distances(found) for found in by_seed if len(found) == len(letters)]
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
        # Beside one another, not on top of one another.
        aside = 0.12 * (number - (len(grids) - 1) / 2)
        finite = {
            place + aside: [distance for distance in _distances(found) if math.isfinite(distance)]
            for place, found in enumerate(grid.values())
        }
        lines.append(Line.over_seeds(title, finite, middle=median))
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
