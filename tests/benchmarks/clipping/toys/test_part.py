import dataclasses
import math

import pytest

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.clipping.toys.part import Toys

STRATEGY = STRATEGIES["weight_clip"]


def quick_plan(seeds=2) -> Plan:
    return Plan("", {"weight_clip": STRATEGY}, seeds=seeds, quick=True)


def test_a_job_leaves_a_picture_and_gives_the_same_result_again(tmp_path):
    job = Toys().jobs(quick_plan(), {})[0]
    first = Toys().run(job, tmp_path)
    picture = (tmp_path / "samples.png").read_bytes()
    second = Toys().run(job, tmp_path)
    assert first.pop("seconds") > 0 and second.pop("seconds") > 0
    assert first == second and (tmp_path / "samples.png").read_bytes() == picture
    assert all(math.isfinite(value) for value in first.values())
    assert first["modes"] == int(first["modes"])


@pytest.mark.parametrize("name", ["dragan", "r3gan"])
def test_other_objectives_and_penalties_train_too(name, tmp_path):
    plan = dataclasses.replace(quick_plan(), strategies={name: STRATEGIES[name]})
    assert Toys().run(Toys().jobs(plan, {})[0], tmp_path)["transport"] > 0
