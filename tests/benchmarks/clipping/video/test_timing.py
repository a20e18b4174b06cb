from types import SimpleNamespace

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.strategies import STRATEGIES, unconstrained
from tgan.benchmarks.clipping.video import timing
from tgan.benchmarks.clipping.video.timing import time_strategies
from tgan.config.reading import dump_config
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.training.gan import GANTask

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
CONFIG = dump_config(EXPERIMENT)


def test_times_are_taken_in_turn_and_the_share_is_the_constraint_s(monkeypatch):
    """By a clock of its own, on which a step takes a second and a projection three more."""
    clock = SimpleNamespace(now=0.0)

    class Slow(Constraint):
        def project(self, critic, updates):
            clock.now += 3

    def step(task, *inputs):
        clock.now += 1
        return taken(task, *inputs)

    taken = GANTask.step
    monkeypatch.setattr(GANTask, "step", step)
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    monkeypatch.setitem(CONSTRAINTS, "parseval", Slow)
    monkeypatch.setattr(timing, "ROUND", 1)
    strategies = {name: STRATEGIES[name].settings() for name in ("none", "parseval")}
    found = time_strategies(CONFIG, strategies, rounds=2)
    assert found["none"] == {"seconds": 1, "rounds": [1, 1], "share": 0}
    assert found["parseval"] == {"seconds": 4, "rounds": [4, 4], "share": 0.75}
    assert unconstrained(STRATEGIES["hinge_sn"].settings()) == {
        "objective": "hinge",
        "critic.batch_norm": False,
        "constraint.name": "none",
    }
