import dataclasses
import math

import pytest

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.robustness.part import (
    ARMS,
    DISTANCE,
    DIVERSITY,
    STEPS,
    Robustness,
    arms_of,
    run_job,
    verdict,
)
from tgan.benchmarks.clipping.runs import variation
from tgan.benchmarks.clipping.sections import SECTIONS
from tgan.benchmarks.clipping.strategies import CORE
from tgan.benchmarks.engine.part import Job, Plan
from tgan.config.reading import dump_config

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
PLAN = Plan(dump_config(EXPERIMENT), CORE)


def found(distance, ratio=1.0):
    return {DISTANCE: {"value": distance}, DIVERSITY: {"ratio": ratio}}


def test_the_grid_is_that_of_the_paper():
    """Miyato et al. 2018, Table 1: rate, betas, critic updates."""
    jobs = {job.name: job for job in Robustness().jobs(PLAN, {})}
    assert len(jobs) == 1 + len(ARMS) * 6 * 2
    settings = {}
    for letter in "ABCDEF":
        config = variation(PLAN.config, jobs[run_job("svc_bn", letter, 1)].settings["settings"])
        assert config.generator_optimizer == config.critic_optimizer
        assert config.critic_optimizer.name == "adam" and config.train.schedule == "alternating"
        assert config.train.steps == STEPS
        assert config.train.ema_decay is None and config.train.seed == 1
        assert config.constraint.name == "svc" and config.constraint.interval is None
        optimizer = config.critic_optimizer
        settings[letter] = (optimizer.lr, *optimizer.betas, config.train.n_critic)
    assert settings == {
        "A": (1e-4, 0.5, 0.9, 5),
        "B": (1e-4, 0.5, 0.999, 1),
        "C": (2e-4, 0.5, 0.999, 1),
        "D": (1e-3, 0.5, 0.9, 5),
        "E": (1e-3, 0.5, 0.999, 5),
        "F": (1e-3, 0.9, 0.999, 5),
    }


def test_those_of_the_four_arms_take_part_that_were_asked_for():
    assert arms_of(PLAN) == list(ARMS)
    some = {name: CORE[name] for name in ("wgan_gp", "svc", "svc_bn")}
    assert arms_of(dataclasses.replace(PLAN, arms=some)) == ["svc_bn", "wgan_gp"]
    others = {name: CORE[name] for name in ("none", "svc")}
    assert arms_of(dataclasses.replace(PLAN, arms=others)) == ["none", "svc"]


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


def test_a_run_is_measured_against_held_back_clips(tmp_path):
    settings = CORE["svc_bn"].settings() | {"train.steps": 1, "log.trackers": []}
    about = {"config": PLAN.config, "settings": settings, "metrics": {DISTANCE: 8, DIVERSITY: 8}}
    result = Robustness().run(Job(run_job("svc_bn", "A", 0), {"task": "run", **about}), tmp_path)
    assert result[DISTANCE]["value"] > 0 and result[DIVERSITY]["ratio"] > 0
    assert result[DISTANCE]["protocol"]["samples"] == 8


def test_the_section_counts_how_runs_ended_and_shows_the_worst_setting():
    arms = {name: CORE[name] for name in ("svc_bn", "wgan_gp")}
    plan = dataclasses.replace(PLAN, arms=arms, seeds=1)
    results = {"robustness/controls": {"real": found(0.5), "mean": found(7.0, 0.0)}}
    for letter, result in zip(
        "ABCDEF",
        [found(8.0), found(1.0, 0.1), found(2.0), found(3.0), {"failed": "nan"}, found(4.0)],
        strict=True,
    ):
        results[run_job("svc_bn", letter, 0)] = result
    results[run_job("wgan_gp", "A", 0)] = found(3.0)
    section = SECTIONS["robustness"](plan, results, None)
    counts, spans, distances = section.tables
    paper, other = (arm.title for arm in arms.values())
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
    section = SECTIONS["robustness"](PLAN, {}, None)
    assert not section.tables and not section.plots
