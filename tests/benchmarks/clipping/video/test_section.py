import dataclasses
import math

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import CORE
from tgan.benchmarks.clipping.video.jobs import (
    DISTANCE,
    DIVERSITY,
    final_job,
    sizes_of,
    trial_job,
)
from tgan.benchmarks.clipping.video.section import section_of
from tgan.config.reading import dump_config

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
CONFIG = dump_config(EXPERIMENT)
PLAN = Plan(CONFIG, {name: CORE[name] for name in ("svc_bn", "weight_clip")}, seeds=5)
TIMING = {
    "svc_bn": {"seconds": 0.2, "share": 0.1, "rounds": [0.2]},
    "weight_clip": {"seconds": 0.1, "share": 0.0, "rounds": [0.1]},
}


def trials(name, scores):
    return {
        trial_job(name, number): {"failed": "nan"}
        if score is None
        else {DISTANCE: score, "diversity_ratio": 0.4}
        for number, score in enumerate(scores)
    }


def final(**points):
    """Distances by step, `at_4=...`, and a critic."""
    critic = {"layers": ["a", "b"], "gradients": [1.0, 2.0], "empirical": 0.5, "certificate": 3.0}
    found = {
        name.removeprefix("at_"): {DISTANCE: {"value": value}, DIVERSITY: {"ratio": 0.9}}
        for name, value in points.items()
    }
    return {"points": found, "critic": critic, "peak_megabytes": 700.0, "diverged": None}


def test_the_section_shows_seeds_budgets_and_runs_that_diverged():
    plan = dataclasses.replace(PLAN, config=CONFIG)
    assert sizes_of(plan).steps == 4
    results = {
        "video/timing": TIMING,
        "video/controls": {"real": {DISTANCE: {"value": 0.1}, DIVERSITY: {"ratio": 1.0}}},
        **trials("svc_bn", [3.0, None, 2.0]),
        **trials("weight_clip", [4.0, 5.0, 6.0]),
        final_job("svc_bn", 0): final(at_2=9.0, at_4=5.0),
        final_job("svc_bn", 1): final(at_2=8.0, at_4=6.0),
        final_job("weight_clip", 0): final(at_4=7.0, at_8=3.0),
        final_job("weight_clip", 1): {"failed": "nan"},
        final_job("weight_clip", 2): final(at_4=8.0) | {"diverged": "nan at step 7"},
    }
    section = section_of(plan, results)
    tables = {table.title: table for table in section.tables}
    paper, clipped = (CORE[name].title for name in ("svc_bn", "weight_clip"))
    equal_steps = tables["Samples at equal steps"].rows
    assert [column.name for column in tables["Samples at equal steps"].columns] == [
        "steps",
        DISTANCE,
        "diversity / real",
    ]
    assert equal_steps[paper] == [[4], [5.0, 6.0], [0.9, 0.9]]
    assert equal_steps[clipped][:2] == [[4], [7.0, math.inf, 8.0]]
    equal_time = tables["Samples at equal time"].rows
    assert equal_time[paper][0] == [4]
    assert equal_time[clipped][:2] == [[8], [3.0, math.inf, math.inf]]
    cost = tables["Cost of a training step"].rows
    assert cost[clipped] == [[0.1], "0%", [700.0, 700.0]]
    choices = tables["Choice of settings"].rows
    assert (
        choices[paper][1] == "lr 0.001: diverged" and choices[clipped][2] == "maximum 0.1: 6 (0.4)"
    )
    curve, gradients = section.plots
    (line,) = [line for line in curve.lines if line.name == paper]
    assert (line.x, line.y, line.low, line.high) == ([2, 4], [8.5, 5.5], [8.0, 5.0], [9.0, 6.0])
    assert gradients.ticks == ["a", "b"] and gradients.lines[0].y == [1.0, 2.0]


def test_the_section_of_no_results_is_empty_and_a_lost_strategy_is_named():
    nothing = section_of(PLAN, {})
    assert not nothing.tables and not nothing.plots and not nothing.clips
    results = {"video/timing": TIMING, **trials("svc_bn", [None] * 3)}
    table = section_of(PLAN, results).tables[0]
    assert table.rows[CORE["svc_bn"].title][0] == "diverged in every trial"
