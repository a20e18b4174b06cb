import dataclasses

import pytest

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.measuring import measure_checkpoint
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.clipping.video.jobs import (
    DISTANCE,
    DIVERSITY,
    final_job,
    trial_job,
)
from tgan.benchmarks.clipping.video.tasks import do_task
from tgan.benchmarks.engine.jobs import Job
from tgan.benchmarks.experiments import log_settings, train
from tgan.config.reading import dump_config

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
CONFIG = dump_config(EXPERIMENT)
SMALL = {DISTANCE: 8, DIVERSITY: 8}


def _steps(steps):
    return dataclasses.replace(EXPERIMENT.train, steps=steps)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A job of a final run of 4 steps, its folder, and its result."""
    folder = tmp_path_factory.mktemp("final")
    points = [{"step": 2, "metrics": {DISTANCE: 8}}, {"step": 4, "metrics": SMALL}]
    settings = STRATEGIES["svc"].settings() | log_settings(4, milestones=[2, 4])
    about = {"task": "final", "config": CONFIG, "settings": settings, "points": points, "end": 2}
    job = Job(final_job("svc", 0), about)
    return job, folder, do_task(job, folder)


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
    assert do_task(job, folder)["points"] == result["points"]


def test_a_run_that_diverges_later_keeps_what_it_reached(finished, tmp_path, monkeypatch):
    job, _, result = finished

    def diverges(config, run_dir):
        train(dataclasses.replace(config, train=_steps(2)), run_dir)
        raise ArithmeticError("critic_loss is nan at step 3")

    monkeypatch.setattr("tgan.benchmarks.clipping.video.tasks.train", diverges)
    monkeypatch.setattr("tgan.benchmarks.clipping.video.tasks.describe_critic", lambda path: {})
    found = do_task(job, tmp_path / "late")
    assert found["diverged"] == "critic_loss is nan at step 3"
    assert found["points"] == {"2": result["points"]["2"]}
    longer = Job(job.name, job.settings | {"end": 4})
    assert do_task(longer, tmp_path / "longer")["points"] == found["points"]
    nothing = Job(job.name, job.settings | {"points": [{"step": 4, "metrics": {}}]})
    with pytest.raises(ArithmeticError, match="step 3"):
        do_task(nothing, tmp_path / "nothing")


def test_a_trial_is_held_against_training_clips(tmp_path):
    settings = STRATEGIES["svc"].settings() | log_settings(1)
    about = {"task": "trial", "config": CONFIG, "settings": settings, "metrics": {DISTANCE: 8}}
    found = do_task(Job(trial_job("svc", 0), about), tmp_path)
    path = tmp_path / "run/checkpoints/step_00000001"
    expected, other = (
        measure_checkpoint(path, {DISTANCE: 8}, data=data, first_seed=4_000_000)
        for data in ("training", "held_out")
    )
    assert found == {DISTANCE: expected[DISTANCE]["value"]}
    assert found[DISTANCE] != other[DISTANCE]["value"]
