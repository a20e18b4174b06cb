"""Jobs of the part on toy GANs: trials of every strategy, and seeds of its best one."""

import math
from collections.abc import Sequence
from typing import Any

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.engine.jobs import Job, Result, Results, results_of
from tgan.benchmarks.toys.recipe import QUICK, RECIPE
from tgan.data.made.toy import TOYS

# Trials are compared on a seed of their own, far from those that are reported.
TUNING_SEED = 1000
# In the folder of a job: its samples.
PICTURE = "samples.png"
# Critic updates before each of the generator's, of which distances are to be learnt.
N_CRITIC = 2


def jobs_of(plan: Plan, results: Results) -> list[Job]:
    """Trials of every strategy, and its seeds as soon as all of its trials have ended."""
    jobs = []
    for toy in TOYS:
        for name in plan.strategies:
            trials = _trials_of(plan, toy, name)
            jobs += trials
            if all(trial.name in results for trial in trials):
                chosen = _best_of(trials, results).settings["settings"]
                jobs += [
                    _job(toy, name, f"seed_{seed}", chosen, seed) for seed in range(plan.seeds)
                ]
    return jobs


def ended(plan: Plan, results: Results, toy: str, name: str) -> list[Result]:
    """The results that there are of a strategy on a mixture, by seed."""
    return results_of(results, [seed_job(toy, name, seed) for seed in range(plan.seeds)])


def chosen_trial(plan: Plan, results: Results, toy: str, name: str) -> dict[str, Any] | None:
    """The dotted settings of a strategy's best trial; None as long as not all have ended."""
    strategy = plan.strategies[name]
    trials = _trials_of(plan, toy, name)
    if not all(trial.name in results for trial in trials):
        return None
    return strategy.trials[trials.index(_best_of(trials, results))]


def schedule_of(plan: Plan) -> dict[str, Any]:
    """The dotted settings of training that all strategies share."""
    return (QUICK if plan.quick else RECIPE) | {"train.n_critic": N_CRITIC}


def seed_job(toy: str, name: str, seed: int) -> str:
    """The name of the job of a seed."""
    return _job_name(toy, name, f"seed_{seed}")


def _best_of(trials: Sequence[Job], results: Results) -> Job:
    """The trial whose samples are nearest to the mixture; one that diverged is the last choice."""
    return min(trials, key=lambda trial: results[trial.name].get("transport", math.inf))


def _trials_of(plan: Plan, toy: str, name: str) -> list[Job]:
    """The runs that a strategy is tuned by, one per entry of its `trials`."""
    strategy = plan.strategies[name]
    shared = schedule_of(plan) | strategy.settings()
    return [
        _job(toy, name, f"trial_{number}", shared | trial, TUNING_SEED)
        for number, trial in enumerate(strategy.trials)
    ]


def _job(toy: str, name: str, run: str, settings: dict[str, Any], seed: int) -> Job:
    return Job(_job_name(toy, name, run), {"toy": toy, "seed": seed, "settings": settings})


def _job_name(toy: str, name: str, run: str) -> str:
    return f"toys/{toy}/{name}/{run}"
