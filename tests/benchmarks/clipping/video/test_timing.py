import time

import pytest

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.strategies import STRATEGIES, unconstrained
from tgan.benchmarks.clipping.video import timing
from tgan.benchmarks.clipping.video.timing import time_strategies
from tgan.config.reading import dump_config
from tgan.constraints import CONSTRAINTS, Constraint

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
CONFIG = dump_config(EXPERIMENT)


def test_times_are_taken_in_turn_and_the_share_is_the_constraint_s(monkeypatch):
    class Slow(Constraint):
        """Lies down for as long as the rest of a step takes, or longer."""

        def project(self, critic, updates):
            time.sleep(0.2)

    monkeypatch.setitem(CONSTRAINTS, "parseval", Slow)
    monkeypatch.setattr(timing, "ROUND", 1)
    strategies = {name: STRATEGIES[name].settings() for name in ("none", "parseval")}
    found = time_strategies(CONFIG, strategies, rounds=2)
    assert found["none"]["share"] == 0 and len(found["none"]["rounds"]) == 2
    slow = found["parseval"]
    assert slow["seconds"] > 0.2 and slow["share"] == pytest.approx(0.2 / slow["seconds"], abs=0.25)
    assert unconstrained(STRATEGIES["hinge_sn"].settings()) == {
        "objective": "hinge",
        "critic.batch_norm": False,
        "constraint.name": "none",
    }
