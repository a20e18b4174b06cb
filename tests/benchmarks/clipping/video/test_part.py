import dataclasses
import math
import time

import pytest
import yaml

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping import timing
from tgan.benchmarks.clipping.measuring import measure_checkpoint, measure_controls
from tgan.benchmarks.clipping.runs import log_settings, train, variation
from tgan.benchmarks.clipping.sections import SECTIONS
from tgan.benchmarks.clipping.strategies import ARMS, CORE
from tgan.benchmarks.clipping.timing import time_arms, twin_of
from tgan.benchmarks.clipping.video.part import (
    DISTANCE,
    DIVERSITY,
    Sizes,
    Video,
    budgets,
    chosen_trial,
    final_job,
    sizes_of,
    trial_job,
)
from tgan.benchmarks.engine.part import Job, Plan
from tgan.config.reading import dump_config
from tgan.constraints import CONSTRAINTS, Constraint

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
CONFIG = dump_config(EXPERIMENT)
PLAN = Plan(CONFIG, {name: CORE[name] for name in ("svc_bn", "weight_clip")}, seeds=5)
TIMING = {
    "svc_bn": {"seconds": 0.2, "share": 0.1, "rounds": [0.2]},
    "weight_clip": {"seconds": 0.1, "share": 0.0, "rounds": [0.1]},
}
SMALL = {DISTANCE: 8, DIVERSITY: 8}


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


def test_an_arm_replaces_the_constraint_of_the_experiment_whole():
    assert yaml.safe_load(CONFIG)["constraint"]["interval"] == 2
    config = variation(CONFIG, ARMS["weight_clip"].settings() | {"constraint.maximum": 0.1})
    assert (config.constraint.name, config.constraint.interval) == ("weight_clip", None)
    assert config.constraint.maximum == 0.1 and not config.critic.batch_norm
    assert config.generator.width == EXPERIMENT.generator.width
    assert variation(CONFIG, {"critic_optimizer.betas": [0.1, 0.2]}).critic_optimizer.betas == (
        0.1,
        0.2,
    )
    with pytest.raises(ValueError, match="unknown setting 'critic.wdith'"):
        variation(CONFIG, {"critic.wdith": 3})


def test_every_arm_has_as_many_trials_of_two_thirds_of_the_steps():
    jobs = Video().jobs(dataclasses.replace(PLAN, arms=ARMS), {})
    assert jobs[0].name == "video/timing" and jobs[0].alone
    tuned = [job for job in jobs if job.name.startswith("video/tune/")]
    assert len(tuned) == 3 * len(ARMS)
    for job in tuned[::8]:
        config = variation(job.settings["config"], job.settings["settings"])
        assert config.train.steps == EXPERIMENT.train.steps * 2 // 3
        assert config.train.seed == 7 and config.log.trackers == []
        name = job.name.split("/")[2]
        assert config.objective == ARMS[name].objective
        assert config.critic.batch_norm == ARMS[name].batch_norm


def test_final_runs_wait_for_the_trials_and_take_the_best():
    results = trials("svc_bn", [3.0, None, 2.0]) | trials("weight_clip", [None, 5.0])
    names = {job.name for job in Video().jobs(PLAN, results)}
    assert not [name for name in names if "final" in name]
    results["video/timing"] = TIMING
    jobs = {job.name: job for job in Video().jobs(PLAN, results)}
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
def test_equal_time_is_what_the_paper_s_arm_takes_for_the_steps(budget, expected):
    plan, results = dataclasses.replace(PLAN, budget=budget), {"video/timing": TIMING}
    assert budgets(plan, Sizes(steps=100), results, "weight_clip") == expected
    own = budgets(plan, Sizes(steps=100), results, "svc_bn")
    assert set(own.values()) == {100} and own.keys() == expected.keys()
    without = budgets(plan, Sizes(steps=100), {"video/timing": {"failed": "x"}}, "svc_bn")
    assert without == {k: v for k, v in {"steps": 100}.items() if budget != "seconds"}


def test_where_time_alone_counts_and_none_is_known_there_is_no_final_run():
    results = {"video/timing": {"failed": "x"}} | trials("svc_bn", [1.0, 2.0, 3.0])
    for budget, expected in (("seconds", 0), ("both", 3)):
        jobs = Video().jobs(dataclasses.replace(PLAN, budget=budget), results)
        assert sum("/final/" in job.name for job in jobs) == expected


def test_a_final_run_is_measured_along_the_curve_and_where_budgets_end():
    results = trials("weight_clip", [1.0] * 3) | {"video/timing": TIMING}
    config = dump_config(dataclasses.replace(EXPERIMENT, train=_steps(100)))
    jobs = Video().jobs(dataclasses.replace(PLAN, config=config), results)
    (settings,) = [j.settings for j in jobs if j.name == final_job("weight_clip", 0)]
    assert [p["step"] for p in settings["points"]] == [20, 40, 60, 80, 100, 200]
    assert settings["end"] == 100 and settings["settings"]["train.steps"] == 200
    assert settings["settings"]["log.milestones"] == [20, 40, 60, 80, 100, 200]
    metrics = {p["step"]: set(p["metrics"]) for p in settings["points"]}
    assert metrics[20] == {DISTANCE} and metrics[200] == {DISTANCE, DIVERSITY}
    assert metrics[100] >= {DISTANCE, DIVERSITY}


def _steps(steps):
    return dataclasses.replace(EXPERIMENT.train, steps=steps)


def test_times_are_taken_in_turn_and_the_share_is_the_constraint_s(monkeypatch):
    class Slow(Constraint):
        """Lies down for as long as the rest of a step takes, or longer."""

        def project(self, critic, updates):
            time.sleep(0.2)

    monkeypatch.setitem(CONSTRAINTS, "parseval", Slow)
    monkeypatch.setattr(timing, "ROUND", 1)
    arms = {name: ARMS[name].settings() for name in ("none", "parseval")}
    found = time_arms(CONFIG, arms, rounds=2)
    assert found["none"]["share"] == 0 and len(found["none"]["rounds"]) == 2
    slow = found["parseval"]
    assert slow["seconds"] > 0.2 and slow["share"] == pytest.approx(0.2 / slow["seconds"], abs=0.25)
    assert twin_of(ARMS["hinge_sn"].settings()) == {
        "objective": "hinge",
        "critic.batch_norm": False,
        "constraint.name": "none",
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A job of a final run of 4 steps, its folder, and its result."""
    folder = tmp_path_factory.mktemp("final")
    points = [{"step": 2, "metrics": {DISTANCE: 8}}, {"step": 4, "metrics": SMALL}]
    settings = ARMS["svc"].settings() | log_settings(4, milestones=[2, 4])
    about = {"task": "final", "config": CONFIG, "settings": settings, "points": points, "end": 2}
    job = Job(final_job("svc", 0), about)
    return job, folder, Video().run(job, folder)


def test_a_final_run_gives_what_its_checkpoints_give(finished):
    _, folder, result = finished
    assert [*result["points"]] == ["2", "4"] and result["diverged"] is None
    assert result["points"]["2"].keys() == {DISTANCE}
    direct = measure_checkpoint(
        folder / "run/checkpoints/step_00000004", SMALL, data="held_out", first_seed=2_000_000
    )
    assert result["points"]["4"][DISTANCE]["value"] == direct[DISTANCE]["value"] > 0
    assert result["points"]["2"][DISTANCE] != result["points"]["4"][DISTANCE]
    assert result["points"]["4"][DIVERSITY]["protocol"]["samples"] == 8
    assert (folder / "samples.mp4").stat().st_size > 500
    critic = result["critic"]
    assert len(critic["layers"]) == len(critic["gradients"]) == 4
    assert 0 < critic["empirical"] <= critic["certificate"]
    assert 50 < result["peak_megabytes"] < 50_000


def test_a_finished_run_is_not_trained_again(finished, monkeypatch):
    job, folder, result = finished
    monkeypatch.setattr("tgan.training.gan.GANTask.step", None)
    monkeypatch.setattr("tgan.benchmarks.clipping.video.tasks.describe_critic", lambda path: {})
    assert Video().run(job, folder)["points"] == result["points"]


def test_a_run_that_diverges_later_keeps_what_it_reached(finished, tmp_path, monkeypatch):
    job, _, result = finished

    def diverges(config, run_dir):
        train(dataclasses.replace(config, train=_steps(2)), run_dir)
        raise ArithmeticError("critic_loss is nan at step 3")

    monkeypatch.setattr("tgan.benchmarks.clipping.video.tasks.train", diverges)
    monkeypatch.setattr("tgan.benchmarks.clipping.video.tasks.describe_critic", lambda path: {})
    found = Video().run(job, tmp_path / "late")
    assert found["diverged"] == "critic_loss is nan at step 3"
    assert found["points"] == {"2": result["points"]["2"]}
    longer = Job(job.name, job.settings | {"end": 4})
    assert Video().run(longer, tmp_path / "longer")["points"] == found["points"]
    nothing = Job(job.name, job.settings | {"points": [{"step": 4, "metrics": {}}]})
    with pytest.raises(ArithmeticError, match="step 3"):
        Video().run(nothing, tmp_path / "nothing")


def test_a_trial_is_held_against_training_clips(tmp_path):
    settings = ARMS["svc"].settings() | log_settings(1)
    about = {"task": "trial", "config": CONFIG, "settings": settings, "metrics": {DISTANCE: 8}}
    found = Video().run(Job(trial_job("svc", 0), about), tmp_path)
    path = tmp_path / "run/checkpoints/step_00000001"
    expected, other = (
        measure_checkpoint(path, {DISTANCE: 8}, data=data, first_seed=4_000_000)
        for data in ("training", "held_out")
    )
    assert found == {DISTANCE: expected[DISTANCE]["value"]}
    assert found[DISTANCE] != other[DISTANCE]["value"]


def test_controls_are_told_apart(tmp_path):
    found = measure_controls(
        EXPERIMENT, {DISTANCE: 200, DIVERSITY: 16}, ["real", "frozen", "noise"]
    )
    distances = [found[name][DISTANCE]["value"] for name in ("real", "frozen", "mean", "noise")]
    assert distances == sorted(distances) and distances[3] > 10 * distances[0]
    assert found["mean"][DIVERSITY]["value"] == 0


def test_the_section_shows_seeds_budgets_and_runs_that_diverged(tmp_path):
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
    section = SECTIONS["video"](plan, results, tmp_path)
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


def test_the_section_of_no_results_is_empty_and_a_lost_arm_is_named(tmp_path):
    nothing = SECTIONS["video"](PLAN, {}, tmp_path)
    assert not nothing.tables and not nothing.plots and not nothing.clips
    results = {"video/timing": TIMING, **trials("svc_bn", [None] * 3)}
    table = SECTIONS["video"](PLAN, results, tmp_path).tables[0]
    assert table.rows[CORE["svc_bn"].title][0] == "diverged in every trial"
