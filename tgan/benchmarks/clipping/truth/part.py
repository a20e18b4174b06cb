"""Part 1: critics whose estimate of a distance can be held against the distance itself.

The critics are trained by the package's own steps; what they score instead of a generator's
samples are samples of the other distribution.
"""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tgan.benchmarks.clipping.small import config_of
from tgan.benchmarks.clipping.strategies import Arm
from tgan.benchmarks.clipping.truth.estimate import measure, train_critic
from tgan.benchmarks.clipping.truth.problems import PROBLEMS
from tgan.benchmarks.engine.part import Job, Plan, Result
from tgan.lookup import look_up
from tgan.losses import OBJECTIVES

# All critics learn at one rate, which falls to 0: at this one each comes to rest in time.
RATE = 3e-3
QUICK_UPDATES, QUICK_HELD_OUT = 20, 2
MOST_SEEDS = 3


@dataclasses.dataclass(frozen=True)
class Contestant:
    """A strategy with all of its settings, dotted."""

    title: str
    settings: dict[str, Any]
    batch_norm: bool


class Truth:
    """Estimate over truth, per strategy whose objective estimates a Wasserstein-1 distance."""

    def jobs(self, plan: Plan, results: Mapping[str, Result]) -> list[Job]:
        """One per problem, strategy and seed; nothing is tuned."""
        return [
            Job(
                job_name(problem, name, seed),
                {
                    "problem": problem,
                    "seed": seed,
                    "quick": plan.quick,
                    "settings": contestant.settings,
                },
            )
            for problem in PROBLEMS
            for name, contestant in contestants(plan.arms).items()
            for seed in seeds_of(plan)
        ]

    def run(self, job: Job, folder: Path) -> Result:
        """Train one critic, within seconds; an interrupted job starts anew."""
        seed = job.settings["seed"]
        problem = look_up(PROBLEMS, job.settings["problem"], kind="problem")(seed)
        if job.settings["quick"]:
            held_out = min(problem.held_out, QUICK_HELD_OUT)
            problem = dataclasses.replace(problem, updates=QUICK_UPDATES, held_out=held_out)
        config = config_of({"critic_optimizer.lr": RATE} | job.settings["settings"])
        begin = time.process_time()
        critic = train_critic(problem, config, seed)
        seconds = time.process_time() - begin
        found = measure(critic, problem, seed)
        if not np.isfinite(list(found.values())).all():
            raise ArithmeticError(f"the critic's estimate is {found['estimate']}")
        return found | {"truth": problem.distance, "seconds": seconds}


def contestants(arms: Mapping[str, Arm]) -> dict[str, Contestant]:
    """All strategies that estimate a Wasserstein-1 distance.

    One whose trials change its own constraint appears once for each of them, since its estimate
    depends on that as on nothing else.
    """
    found = {}
    for name, arm in arms.items():
        if look_up(OBJECTIVES, arm.objective, kind="objective") is not OBJECTIVES["wasserstein"]:
            continue
        for changes in _own_changes(arm):
            values = [f"{key.rpartition('.')[2]} {value}" for key, value in changes.items()]
            found["_".join([name, *values]).replace(" ", "_")] = Contestant(
                ", ".join([arm.title, *values]), arm.settings() | changes, arm.batch_norm
            )
    return found


def seeds_of(plan: Plan) -> range:
    """Seeds that take part: a critic's estimate hardly depends on them."""
    return range(min(plan.seeds, MOST_SEEDS))


def job_name(problem: str, name: str, seed: int) -> str:
    return f"truth/{problem}/{name}/seed_{seed}"


def _own_changes(arm: Arm) -> list[dict[str, Any]]:
    """The settings of the constraint itself that an arm is tuned over; [{}] for none."""
    changes = [
        {name: value for name, value in trial.items() if name.startswith("constraint.")}
        for trial in arm.trials
    ]
    return [change for change in changes if change] or [{}]
