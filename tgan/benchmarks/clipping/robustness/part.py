"""Part 4: the claim of TGAN's authors for singular value clipping, that it does not fail.

Settings as of Miyato et al. 2018 (SN-GAN), Table 1. Nothing is tuned here: that is the point.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgan.benchmarks.clipping.measuring import MEASURING_SEED, measure_checkpoint, measure_controls
from tgan.benchmarks.clipping.runs import RUN, checkpoint_of, log_settings, train, variation
from tgan.benchmarks.engine.part import Job, Plan, Result
from tgan.lookup import look_up

ARMS = ("weight_clip_bn", "svc_bn", "svc_certified", "wgan_gp")
MOST_SEEDS = 2
# Updates of the generator, the same under every setting, on small batches.
STEPS, QUICK_STEPS, BATCH = 300, 6, 8
SAMPLES = 512
DISTANCE, DIVERSITY = "frechet_pooled192", "diversity_pixels"
CONTROLS_JOB = "robustness/controls"

# Fixed before the runs. Samples that are less than a third as far from each other as real clips
# are have collapsed. Among the others, samples that are no nearer to real clips than the mean clip,
# over and over, tell of nothing that was learnt in so few steps; that is no failure.
LEAST_DIVERSITY = 1 / 3
DIVERGED, COLLAPSED, NOT_YET, FINE = "diverged", "collapsed", "not learnt yet", "fine"
VERDICTS = (DIVERGED, COLLAPSED, NOT_YET, FINE)


@dataclass(frozen=True)
class Setting:
    """Adam for both players, and critic updates per generator update."""

    lr: float
    betas: tuple[float, float]
    n_critic: int

    def settings(self, steps: int) -> dict[str, Any]:
        """Dotted settings of an experiment of so many steps, without a running mean."""
        optimizer = {"name": "adam", "lr": self.lr, "betas": list(self.betas)}
        players = ("generator_optimizer", "critic_optimizer")
        named = {f"{p}.{name}": value for p in players for name, value in optimizer.items()}
        return {
            **named,
            "train.schedule": "alternating",
            "train.n_critic": self.n_critic,
            "train.batch_size": BATCH,
            # It would show weights of long ago in runs this short.
            "train.ema_decay": None,
            **log_settings(steps),
        }


SETTINGS = {
    "A": Setting(1e-4, (0.5, 0.9), 5),
    "B": Setting(1e-4, (0.5, 0.999), 1),
    "C": Setting(2e-4, (0.5, 0.999), 1),
    "D": Setting(1e-3, (0.5, 0.9), 5),
    "E": Setting(1e-3, (0.5, 0.999), 5),
    "F": Setting(1e-3, (0.9, 0.999), 5),
}
QUICK_SETTINGS = ("C", "F")


class Robustness:
    """Short runs of a few arms under every setting."""

    def jobs(self, plan: Plan, results: Mapping[str, Result]) -> list[Job]:
        """One per arm, setting and seed, and the controls; none waits for another."""
        metrics = {DISTANCE: SAMPLES, DIVERSITY: SAMPLES}
        about = {"config": plan.config, "metrics": metrics}
        found = [Job(CONTROLS_JOB, {"task": "controls", **about})]
        for name in arms_of(plan):
            for letter in letters_of(plan):
                for seed in seeds_of(plan):
                    settings = {
                        **SETTINGS[letter].settings(QUICK_STEPS if plan.quick else STEPS),
                        **plan.arms[name].settings(),
                        "train.seed": seed,
                    }
                    about_run = {"task": "run", **about, "settings": settings}
                    found.append(Job(run_job(name, letter, seed), about_run))
        return found

    def run(self, job: Job, folder: Path) -> Result:
        """Do a job; training goes on from its checkpoint."""
        settings = dict(job.settings)
        return look_up(TASKS, settings.pop("task"), kind="task")(folder, **settings)


def arms_of(plan: Plan) -> list[str]:
    """The arms that take part: those of `ARMS` that were asked for, or all where none was."""
    return [name for name in ARMS if name in plan.arms] or list(plan.arms)


def letters_of(plan: Plan) -> list[str]:
    """The settings that are tried."""
    return list(QUICK_SETTINGS if plan.quick else SETTINGS)


def seeds_of(plan: Plan) -> range:
    """Training seeds under every setting."""
    return range(1 if plan.quick else min(plan.seeds, MOST_SEEDS))


def run_job(name: str, letter: str, seed: int) -> str:
    """The name of a run's job."""
    return f"robustness/{name}/{letter}/seed_{seed}"


def verdict(result: Result, bound: float) -> str:
    """One of `VERDICTS`.

    Args:
        bound: the distance of the mean clip.
    """
    if "failed" in result:
        return DIVERGED
    if result[DIVERSITY]["ratio"] < LEAST_DIVERSITY:
        return COLLAPSED
    return NOT_YET if result[DISTANCE]["value"] >= bound else FINE


def _controls(folder: Path, config: str, metrics: Mapping[str, int]) -> Result:
    return measure_controls(variation(config, {}), metrics, ("real", "frozen", "noise"))


def _run(
    folder: Path, config: str, metrics: Mapping[str, int], settings: Mapping[str, Any]
) -> Result:
    experiment = variation(config, settings)
    train(experiment, folder / RUN)
    path = checkpoint_of(folder / RUN, experiment.train.steps)
    return measure_checkpoint(path, metrics, data="held_out", first_seed=MEASURING_SEED)


TASKS = {"controls": _controls, "run": _run}
