"""The plots and clips of the part on videos."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from tgan.benchmarks.clipping.video.part import CONTROLS_JOB, DISTANCE, final_job
from tgan.benchmarks.clipping.video.tasks import REAL, SAMPLES
from tgan.benchmarks.engine.part import Clip, Line, Plan, Plot, Result
from tgan.benchmarks.engine.records import folder_of

# Results of final runs, in the order of seeds, by arm.
Finals = Mapping[str, Sequence[Result]]


def curves(plan: Plan, there: Finals) -> Plot:
    """The distance of samples while training goes on."""
    lines = []
    for name, finals in there.items():
        by_step: dict[int, list[float]] = {}
        for final in finals:
            for step, found in final.get("points", {}).items():
                by_step.setdefault(int(step), []).append(found[DISTANCE]["value"])
        steps = sorted(by_step)
        lines += [_line(plan.arms[name].title, steps, [by_step[step] for step in steps])]
    return Plot(
        "Learning curves",
        "steps",
        DISTANCE,
        [line for line in lines if line.x],
        log_y=True,
        note="Means and ranges over the seeds that had not diverged by then.",
    )


def gradients(plan: Plan, there: Finals) -> Plot:
    """What the layers of the critic do to the gradient."""
    lines, ticks = [], []
    for name, finals in there.items():
        if critics := critics_of(finals):
            ticks = critics[0]["layers"]
            norms = list(zip(*(critic["gradients"] for critic in critics), strict=True))
            lines.append(_line(plan.arms[name].title, range(len(ticks)), norms))
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
    """What is known of the critics of those runs that were measured."""
    return [final["critic"] for final in finals if "critic" in final]


def _line(name: str, x: Sequence[float], values: Sequence[Sequence[float]]) -> Line:
    low, high = [min(each) for each in values], [max(each) for each in values]
    return Line(name, list(x), [mean(each) for each in values], low, high)


def clips(plan: Plan, out: Path) -> list[Clip]:
    """Held-back clips, and samples of every arm under its first seed."""
    paths = {"held-back clips": folder_of(out, CONTROLS_JOB) / REAL}
    for name, arm in plan.arms.items():
        paths[arm.title] = folder_of(out, final_job(name, 0)) / SAMPLES
    there = {title: path for title, path in paths.items() if path.is_file()}
    return [Clip(title, str(path.relative_to(out))) for title, path in there.items()]
