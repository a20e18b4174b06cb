"""Part 1: critics whose estimate of a distance can be held against the distance itself.

The critics are trained by the package's own steps; what they score instead of a generator's
samples are samples of the other distribution.
"""

import dataclasses
import time
from pathlib import Path

import numpy as np

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.truth.estimate import measure, train_critic
from tgan.benchmarks.clipping.truth.jobs import jobs_of
from tgan.benchmarks.clipping.truth.problems import PROBLEMS
from tgan.benchmarks.clipping.truth.section import section_of
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.page.content import Section
from tgan.benchmarks.toys.small import small_experiment
from tgan.lookup import look_up

# All critics learn at one rate, which falls to 0: at this one each comes to rest in time.
RATE = 3e-3
QUICK_UPDATES, QUICK_HELD_OUT = 20, 2


class Truth:
    """Estimate over truth, per strategy whose objective estimates a Wasserstein-1 distance."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """All jobs at once."""
        return jobs_of(plan)

    def run(self, job: Job, folder: Path) -> Result:
        """Train one critic, within seconds; an interrupted job starts anew."""
        seed = job.settings["seed"]
        problem = look_up(PROBLEMS, job.settings["problem"], kind="problem")(seed)
        if job.settings["quick"]:
            held_out = min(problem.held_out, QUICK_HELD_OUT)
            problem = dataclasses.replace(problem, updates=QUICK_UPDATES, held_out=held_out)
        config = small_experiment({"critic_optimizer.lr": RATE} | job.settings["settings"])
        begin = time.process_time()
        critic = train_critic(problem, config, seed)
        seconds = time.process_time() - begin
        found = measure(critic, problem, seed)
        if not np.isfinite(list(found.values())).all():
            raise ArithmeticError(f"the critic's estimate is {found['estimate']}")
        return found | {"truth": problem.distance, "seconds": seconds}

    def section(self, plan: Plan, results: Results) -> Section:
        """A table per problem, and all of them in one plot."""
        return section_of(plan, results)
