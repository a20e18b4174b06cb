"""Part 2: GANs of points in the plane, on which modes that are left out can be counted."""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tgan.benchmarks.clipping.small import config_of
from tgan.benchmarks.clipping.strategies import Arm
from tgan.benchmarks.clipping.toys.picture import draw_points
from tgan.benchmarks.clipping.toys.toygan import Schedule, draw_samples, judge, train_generator
from tgan.benchmarks.engine.part import Job, Plan, Result
from tgan.data.made.toy import TOYS
from tgan.lookup import look_up

SCHEDULE, QUICK = Schedule(steps=1200, n_critic=5), Schedule(steps=10, n_critic=2)
# Lin et al. 2018: samples that modes are counted over.
SAMPLES = 2500
# Trials are compared on a seed of their own, far from those that are reported.
TUNING_SEED = 1000
PICTURE = "samples.png"


class Toys:
    """Modes, quality and evenness of toy GANs, per strategy, after the same number of updates."""

    def jobs(self, plan: Plan, results: Mapping[str, Result]) -> list[Job]:
        """Trials of every strategy, and its seeds as soon as all of its trials have ended."""
        jobs = []
        for toy in TOYS:
            for name, arm in plan.arms.items():
                trials = trials_of(toy, name, arm, plan.quick)
                jobs += trials
                if all(trial.name in results for trial in trials):
                    chosen = best_of(trials, results).settings["settings"]
                    jobs += [
                        _job(toy, name, f"seed_{seed}", chosen, seed, plan.quick)
                        for seed in range(plan.seeds)
                    ]
        return jobs

    def run(self, job: Job, folder: Path) -> Result:
        """Train one toy GAN, within seconds; an interrupted job starts anew."""
        seed = job.settings["seed"]
        mixture = look_up(TOYS, job.settings["toy"], kind="toy distribution")()
        schedule = QUICK if job.settings["quick"] else SCHEDULE
        config = config_of(job.settings["settings"])
        begin = time.process_time()
        generator = train_generator(mixture, config, schedule, seed)
        seconds = time.process_time() - begin
        samples = draw_samples(generator, SAMPLES, seed)
        draw_points(folder / PICTURE, samples, mixture)
        return judge(samples, mixture, seed) | {"seconds": seconds}


def best_of(trials: Sequence[Job], results: Mapping[str, Result]) -> Job:
    """The trial whose samples are nearest to the mixture; one that diverged is the last choice."""
    return min(trials, key=lambda trial: results[trial.name].get("transport", math.inf))


def trials_of(toy: str, name: str, arm: Arm, quick: bool) -> list[Job]:
    """The runs that an arm is tuned by, one per entry of `arm.trials`."""
    return [
        _job(toy, name, f"trial_{number}", arm.settings() | trial, TUNING_SEED, quick)
        for number, trial in enumerate(arm.trials)
    ]


def _job(toy: str, name: str, run: str, settings: dict[str, Any], seed: int, quick: bool) -> Job:
    own = {"toy": toy, "seed": seed, "quick": quick, "settings": settings}
    return Job(job_name(toy, name, run), own)


def job_name(toy: str, name: str, run: str) -> str:
    return f"toys/{toy}/{name}/{run}"
