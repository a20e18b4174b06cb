from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.robustness.jobs import DISTANCE, DIVERSITY, run_job
from tgan.benchmarks.clipping.robustness.part import Robustness
from tgan.benchmarks.clipping.strategies import CORE
from tgan.benchmarks.engine.jobs import Job
from tgan.config.reading import dump_config

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
PLAN = Plan(dump_config(EXPERIMENT), CORE)


def test_a_run_is_measured_against_held_back_clips(tmp_path):
    settings = CORE["svc_bn"].settings() | {"train.steps": 1, "log.trackers": []}
    about = {"config": PLAN.config, "settings": settings, "metrics": {DISTANCE: 8, DIVERSITY: 8}}
    result = Robustness().run(Job(run_job("svc_bn", "A", 0), {"task": "run", **about}), tmp_path)
    assert result[DISTANCE]["value"] > 0 and result[DIVERSITY]["ratio"] > 0
    assert result[DISTANCE]["protocol"]["samples"] == 8
