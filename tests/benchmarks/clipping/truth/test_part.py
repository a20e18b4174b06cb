import pytest

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.clipping.truth.part import Truth
from tgan.benchmarks.engine.jobs import Job


def quick_plan(*names, seeds=1) -> Plan:
    return Plan("", {name: STRATEGIES[name] for name in names}, seeds=seeds, quick=True)


def test_the_same_job_gives_the_same_result(tmp_path):
    jobs = Truth().jobs(quick_plan("svc_bn", seeds=2), {})
    job = next(job for job in jobs if job.name == "truth/line/svc_bn/seed_1")
    first, second = (Truth().run(job, tmp_path) for _ in range(2))
    assert first.pop("seconds") > 0 and second.pop("seconds") > 0
    assert first == second
    other = Truth().run(Job("", job.settings | {"seed": 0}), tmp_path)
    assert other["estimate"] != first["estimate"]


def test_divergence_is_an_arithmetic_error_that_says_where(tmp_path):
    job = Truth().jobs(quick_plan("none"), {})[0]
    settings = job.settings["settings"] | {"critic_optimizer.lr": 1e30}
    with pytest.raises(ArithmeticError):
        Truth().run(Job("", job.settings | {"settings": settings}), tmp_path)
