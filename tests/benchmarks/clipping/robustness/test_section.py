import dataclasses
import math

import pytest

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.robustness.jobs import (
    DISTANCE,
    DIVERSITY,
    run_job,
)
from tgan.benchmarks.clipping.robustness.section import section_of, verdict
from tgan.benchmarks.clipping.strategies import CORE
from tgan.config.reading import dump_config

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
PLAN = Plan(dump_config(EXPERIMENT), CORE)


def found(distance, ratio=1.0):
    return {DISTANCE: {"value": distance}, DIVERSITY: {"ratio": ratio}}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"failed": "nan"}, "diverged"),
        (found(1.0, ratio=0.33), "collapsed"),
        (found(50.0, ratio=0.33), "collapsed"),
        (found(7.0), "not learnt yet"),
        (found(6.9), "fine"),
        (found(1.0, ratio=0.34), "fine"),
    ],
    ids=["diverged", "collapsed", "both", "far", "near", "diverse"],
)
def test_a_run_ends_in_one_of_four_ways(result, expected):
    assert verdict(result, 7.0) == expected


def test_the_section_counts_how_runs_ended_and_shows_the_worst_setting():
    strategies = {name: CORE[name] for name in ("svc_bn", "wgan_gp")}
    plan = dataclasses.replace(PLAN, strategies=strategies, seeds=1)
    results = {"robustness/controls": {"real": found(0.5), "mean": found(7.0, 0.0)}}
    for letter, result in zip(
        "ABCDEF",
        [found(8.0), found(1.0, 0.1), found(2.0), found(3.0), {"failed": "nan"}, found(4.0)],
        strict=True,
    ):
        results[run_job("svc_bn", letter, 0)] = result
    results[run_job("wgan_gp", "A", 0)] = found(3.0)
    section = section_of(plan, results)
    counts, spans, distances = section.tables
    paper, other = (strategy.title for strategy in strategies.values())
    assert [column.name for column in counts.columns] == [
        *("diverged", "collapsed", "not learnt yet", "fine"),
    ]
    assert counts.rows[paper] == ["1 of 6", "1 of 6", "1 of 6", "3 of 6"]
    assert counts.rows[other] == ["0 of 1", "0 of 1", "0 of 1", "1 of 1"]
    assert spans.rows[paper] == [[1.0], [3.5], [math.inf]]
    assert spans.rows[other] == [[], [], []]
    assert distances.rows[paper] == [[8.0], [1.0], [2.0], [3.0], [math.inf], [4.0]]
    assert distances.rows[other] == [[3.0], [], [], [], [], []]
    (plot,) = section.plots
    assert plot.reference == (7.0, "the mean clip") and len(plot.lines[0].x) == 5


def test_the_section_of_no_results_says_so_little():
    section = section_of(PLAN, {})
    assert not section.tables and not section.plots
