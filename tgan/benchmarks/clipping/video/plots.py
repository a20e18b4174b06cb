"""Plots and clips of the section on video."""

from collections.abc import Mapping, Sequence
from typing import Any

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.video.jobs import CONTROLS_JOB, DISTANCE, REAL, SAMPLES, final_job
from tgan.benchmarks.engine.jobs import Result, Results
from tgan.benchmarks.engine.records import path_of
from tgan.benchmarks.page.content import Clip, Line, Plot

# Results of final runs, in the order of seeds, by strategy.
Finals = Mapping[str, Sequence[Result]]


def curves(plan: Plan, there: Finals) -> Plot:
    """The distance of samples while training goes on."""
    lines = []
    for name, finals in there.items():
        by_step: dict[int, list[float]] = {}
        for final in finals:
            for step, found in final.get("points", {}).items():
                by_step.setdefault(int(step), []).append(found[DISTANCE]["value"])
        by_step = {step: by_step[step] for step in sorted(by_step)}
        lines.append(Line.over_seeds(plan.strategies[name].title, by_step))
    return Plot(
        "Learning curves",
        "steps",
        DISTANCE,
        [line for line in lines if line.x],
        log_y=True,
        note="Means and ranges over the seeds that had not diverged by then.",
    )


def gradients(plan: Plan, there: Finals) -> Plot:
    """The norm of the gradient that each layer of the critic passes on."""
    lines, ticks = [], []
    for name, finals in there.items():
        if critics := critics_of(finals):
            ticks = critics[0]["layers"]
            norms = dict(enumerate(zip(*(each["gradients"] for each in critics), strict=True)))
            lines.append(Line.over_seeds(plan.strategies[name].title, norms))
    return Plot(
        "Gradient of the score by depth",
        "at the input of the critic's layer",
        "mean norm",
        lines,
        log_y=True,
        ticks=ticks,
        note="At real clips, with batch norms as in training. What reaches the first layer's "
        "input is what the generator learns from.",
    )


def critics_of(finals: Sequence[Result]) -> list[Mapping[str, Any]]:
    """The critics of those runs that were measured."""
    return [final["critic"] for final in finals if "critic" in final]


def clips(plan: Plan, results: Results) -> list[Clip]:
    """Held-back clips, and samples of every strategy under its first seed."""
    files = {"held-back clips": (CONTROLS_JOB, REAL)}
    for name, strategy in plan.strategies.items():
        files[strategy.title] = (final_job(name, 0), SAMPLES)
    return [
        Clip(title, path_of(job, file))
        for title, (job, file) in files.items()
        if job in results and "failed" not in results[job]
    ]
