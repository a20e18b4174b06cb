import dataclasses

import pytest

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import CORE, STRATEGIES
from tgan.benchmarks.clipping.video.jobs import (
    DISTANCE,
    DIVERSITY,
    Sizes,
    budgets,
    chosen_trial,
    final_job,
    jobs_of,
    trial_job,
)
from tgan.benchmarks.experiments import variation
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


def _steps(steps):
    return dataclasses.replace(EXPERIMENT.train, steps=steps)


def test_every_strategy_has_as_many_trials_of_two_thirds_of_the_steps():
    jobs = jobs_of(dataclasses.replace(PLAN, strategies=STRATEGIES), {})
    assert jobs[0].name == "video/timing" and jobs[0].alone
    tuned = [job for job in jobs if job.name.startswith("video/tune/")]
    assert len(tuned) == 3 * len(STRATEGIES)
    for job in tuned[::8]:
        config = variation(job.settings["config"], job.settings["settings"])
        assert config.train.steps == EXPERIMENT.train.steps * 2 // 3
        assert config.train.seed == 7 and config.log.trackers == []
        name = job.name.split("/")[2]
        assert config.objective == STRATEGIES[name].objective
        assert config.critic.batch_norm == STRATEGIES[name].batch_norm


def test_final_runs_wait_for_the_trials_and_take_the_best():
    results = trials("svc_bn", [3.0, None, 2.0]) | trials("weight_clip", [None, 5.0])
    names = {job.name for job in jobs_of(PLAN, results)}
    assert not [name for name in names if "final" in name]
    results["video/timing"] = TIMING
    jobs = {job.name: job for job in jobs_of(PLAN, results)}
    assert [name for name in jobs if "final" in name] == [final_job("svc_bn", k) for k in range(3)]
    settings = jobs[final_job("svc_bn", 2)].settings["settings"]
    assert settings["critic_optimizer.lr"] == CORE["svc_bn"].trials[2]["critic_optimizer.lr"]
    assert settings["train.seed"] == 2 and settings["constraint.name"] == "svc"


@pytest.mark.parametrize(
    ("scores", "best"),
    [([3.0, 1.0, 2.0], 1), ([None, 9.0, None], 1), ([None] * 3, None), ([1.0, 2.0], None)],
    ids=["lowest", "one left", "all diverged", "not done"],
)
def test_the_best_trial_is_the_lowest_that_did_not_diverge(scores, best):
    assert chosen_trial("svc", trials("svc", scores)) == best


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ("both", {"steps": 100, "seconds": 200}),
        ("steps", {"steps": 100}),
        ("seconds", {"seconds": 200}),
    ],
    ids=["both", "steps", "seconds"],
)
def test_equal_time_is_what_the_paper_s_strategy_takes_for_the_steps(budget, expected):
    plan, results = dataclasses.replace(PLAN, budget=budget), {"video/timing": TIMING}
    assert budgets(plan, Sizes(steps=100), results, "weight_clip") == expected
    own = budgets(plan, Sizes(steps=100), results, "svc_bn")
    assert set(own.values()) == {100} and own.keys() == expected.keys()
    without = budgets(plan, Sizes(steps=100), {"video/timing": {"failed": "x"}}, "svc_bn")
    assert without == {k: v for k, v in {"steps": 100}.items() if budget != "seconds"}


def test_where_time_alone_counts_and_none_is_known_there_is_no_final_run():
    results = {"video/timing": {"failed": "x"}} | trials("svc_bn", [1.0, 2.0, 3.0])
    for budget, expected in (("seconds", 0), ("both", 3)):
        jobs = jobs_of(dataclasses.replace(PLAN, budget=budget), results)
        assert sum("/final/" in job.name for job in jobs) == expected


def test_a_final_run_is_measured_along_the_curve_and_where_budgets_end():
    results = trials("weight_clip", [1.0] * 3) | {"video/timing": TIMING}
    config = dump_config(dataclasses.replace(EXPERIMENT, train=_steps(100)))
    jobs = jobs_of(dataclasses.replace(PLAN, config=config), results)
    (settings,) = [j.settings for j in jobs if j.name == final_job("weight_clip", 0)]
    assert [p["step"] for p in settings["points"]] == [20, 40, 60, 80, 100, 200]
    assert settings["end"] == 100 and settings["settings"]["train.steps"] == 200
    assert settings["settings"]["log.milestones"] == [20, 40, 60, 80, 100, 200]
    metrics = {p["step"]: set(p["metrics"]) for p in settings["points"]}
    assert metrics[20] == {DISTANCE} and metrics[200] == {DISTANCE, DIVERSITY}
    assert metrics[100] >= {DISTANCE, DIVERSITY}
