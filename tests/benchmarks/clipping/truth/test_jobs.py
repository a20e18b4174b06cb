from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import CORE, STRATEGIES
from tgan.benchmarks.clipping.truth.jobs import contestants, jobs_of


def test_jobs_have_names_of_their_own():
    plan = Plan("", STRATEGIES, seeds=2, quick=True)
    jobs = jobs_of(plan)
    assert len({job.name for job in jobs}) == len(jobs) == 4 * 2 * len(contestants(STRATEGIES))
    assert {job.settings["seed"] for job in jobs_of(Plan("", STRATEGIES, seeds=9))} == {0, 1, 2}


def test_only_objectives_that_estimate_the_distance_take_part():
    names = set(contestants(STRATEGIES))
    assert {"svc", "svc_bn", "wgan_gp", "none"} <= names
    assert not names & {"dragan", "r1", "r3gan", "hinge_sn"}


def test_what_is_tuned_by_its_own_bound_takes_part_with_each_of_them():
    found = contestants({"weight_clip": CORE["weight_clip"], "svc": CORE["svc"]})
    bounds = {name: each.settings.get("constraint.maximum") for name, each in found.items()}
    assert bounds == {
        "weight_clip_maximum_0.01": 0.01,
        "weight_clip_maximum_0.03": 0.03,
        "weight_clip_maximum_0.1": 0.1,
        "svc": None,
    }
    assert len({each.title for each in found.values()}) == 4
