import pytest

from tgan.benchmarks.collapse.cures import CURES, cures_named
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.collapse.toys.jobs import jobs_of, settings_of
from tgan.benchmarks.toys.small import small_experiment

SHARED = ("train.steps", "train.batch_size", "train.n_critic", "critic_optimizer.lr")


def test_every_cure_trains_as_long_and_at_the_rates_of_the_plain_gan():
    plain = settings_of(CURES["plain"], quick=False)
    for cure in CURES.values():
        found = settings_of(cure, quick=False)
        assert all(found.get(name) == plain.get(name) for name in SHARED)
        assert found == plain or cure is not CURES["plain"]
        small_experiment(found)
    titles = [cure.title for cure in CURES.values()]
    assert len(set(titles)) == len(titles)


def test_no_two_cures_are_the_same():
    found = [str(sorted(settings_of(cure, quick=False).items())) for cure in CURES.values()]
    assert len(set(found)) == len(CURES)


def test_cures_by_name():
    assert list(cures_named("unrolled, plain")) == ["unrolled", "plain"]
    assert cures_named("all") == CURES
    with pytest.raises(ValueError, match="unknown cure 'plan'"):
        cures_named("plan")
    with pytest.raises(ValueError, match="no cure was named; choose from all, plain, "):
        cures_named(",")


def test_jobs_of_a_seed_come_before_those_of_the_next():
    names = [job.name for job in jobs_of(Plan(cures_named("plain,unrolled"), seeds=2))]
    assert names[:4] == [
        f"toys/{toy}/{cure}/seed_0" for toy in ("ring", "grid") for cure in ("plain", "unrolled")
    ]
    assert len(set(names)) == 8 and all("seed_1" in name for name in names[4:])
