"""Jobs of the part on known distances: a critic per problem, strategy and seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import Strategy
from tgan.benchmarks.clipping.truth.problems import PROBLEMS
from tgan.benchmarks.engine.jobs import Job, Result, Results, results_of
from tgan.lookup import look_up
from tgan.losses import OBJECTIVES

# Seeds that take part at most: a critic's estimate hardly depends on them.
MOST_SEEDS = 3


@dataclass(frozen=True)
class Contestant:
    """A strategy with all of its settings, dotted."""

    title: str
    settings: dict[str, Any]
    batch_norm: bool


def jobs_of(plan: Plan) -> list[Job]:
    """One job per problem, contestant and seed; nothing is tuned."""
    return [
        Job(
            _job_name(problem, name, seed),
            {
                "problem": problem,
                "seed": seed,
                "quick": plan.quick,
                "settings": contestant.settings,
            },
        )
        for problem in PROBLEMS
        for name, contestant in contestants(plan.strategies).items()
        for seed in _seeds_of(plan)
    ]


def ended(plan: Plan, results: Results, problem: str, name: str) -> list[Result]:
    """The results that there are of a contestant on a problem, by seed."""
    return results_of(results, [_job_name(problem, name, seed) for seed in _seeds_of(plan)])


def contestants(strategies: Mapping[str, Strategy]) -> dict[str, Contestant]:
    """All strategies that estimate a Wasserstein-1 distance.

    One whose trials change its own constraint appears once for each of them, since its estimate
    depends on that as on nothing else.
    """
    found = {}
    for name, strategy in strategies.items():
        objective = look_up(OBJECTIVES, strategy.objective, kind="objective")
        if objective is not OBJECTIVES["wasserstein"]:
            continue
        for changes in _own_changes(strategy):
            values = [f"{key.rpartition('.')[2]} {value}" for key, value in changes.items()]
            found["_".join([name, *values]).replace(" ", "_")] = Contestant(
                ", ".join([strategy.title, *values]),
                strategy.settings() | changes,
                strategy.batch_norm,
            )
    return found


def _own_changes(strategy: Strategy) -> list[dict[str, Any]]:
    """The settings of the constraint itself that a strategy is tuned over; [{}] for none."""
    changes = [
        {name: value for name, value in trial.items() if name.startswith("constraint.")}
        for trial in strategy.trials
    ]
    return [change for change in changes if change] or [{}]


def _seeds_of(plan: Plan) -> range:
    return range(min(plan.seeds, MOST_SEEDS))


def _job_name(problem: str, name: str, seed: int) -> str:
    return f"truth/{problem}/{name}/seed_{seed}"
