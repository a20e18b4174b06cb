from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.clipping.toys.jobs import jobs_of, schedule_of

STRATEGY = STRATEGIES["weight_clip"]
TRIALS = [f"toys/ring/weight_clip/trial_{number}" for number in range(3)]


def quick_plan(seeds=2) -> Plan:
    return Plan("", {"weight_clip": STRATEGY}, seeds=seeds, quick=True)


def names_of(results, seeds=2) -> set[str]:
    return {job.name for job in jobs_of(quick_plan(seeds), results)}


def test_seeds_follow_when_every_trial_has_ended_and_take_the_best_one():
    trials = names_of({})
    assert len(trials) == 6 and set(TRIALS) < trials
    results = {name: {"transport": value} for name, value in zip(TRIALS, (2.0, 1.0), strict=False)}
    assert names_of(results) == trials
    results[TRIALS[2]] = {"failed": "score is nan"}
    jobs = {job.name: job for job in jobs_of(quick_plan(), results)}
    seeds = {f"toys/ring/weight_clip/seed_{seed}" for seed in range(2)}
    assert jobs.keys() - trials == seeds
    for seed, name in enumerate(sorted(seeds)):
        settings = jobs[name].settings
        assert (
            settings["settings"]
            == schedule_of(quick_plan()) | STRATEGY.settings() | STRATEGY.trials[1]
        )
        assert settings["seed"] == seed != jobs[TRIALS[0]].settings["seed"]


def test_a_strategy_that_always_diverges_gets_its_seeds_all_the_same():
    results = {name: {"failed": "score is nan"} for name in TRIALS}
    assert "toys/ring/weight_clip/seed_1" in names_of(results)


def test_all_trials_differ_in_their_settings_and_share_the_seed():
    jobs = [job for job in jobs_of(quick_plan(), {}) if job.name in TRIALS]
    assert len({str(job.settings["settings"]) for job in jobs}) == 3
    assert len({job.settings["seed"] for job in jobs}) == 1


def test_quick_jobs_are_others_so_that_folders_do_not_mix():
    long = Plan("", {"weight_clip": STRATEGY}, seeds=2)
    steps = {
        plan.quick: jobs_of(plan, {})[0].settings["settings"]["train.steps"]
        for plan in (long, quick_plan())
    }
    assert steps[True] < 100 < steps[False]
