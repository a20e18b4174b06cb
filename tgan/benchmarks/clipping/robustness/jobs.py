"""Jobs of the part on robustness: a few strategies under settings from mild to rough.

Settings as of Miyato et al. 2018 (SN-GAN), Table 1. Nothing is tuned here: that is the point.
"""

from dataclasses import dataclass
from typing import Any

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.engine.jobs import Job
from tgan.benchmarks.experiments import log_settings

STRATEGIES = ("weight_clip_bn", "svc_bn", "svc_certified", "wgan_gp")
MOST_SEEDS = 2
# Updates of the generator, the same under every setting, on small batches.
STEPS, QUICK_STEPS, BATCH = 300, 6, 8
SAMPLES = 512
DISTANCE, DIVERSITY = "frechet_pooled192", "diversity_pixels"
CONTROLS_JOB = "robustness/controls"


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


def jobs_of(plan: Plan) -> list[Job]:
    """One job per strategy, setting and seed, and the controls; none waits for another."""
    metrics = {DISTANCE: SAMPLES, DIVERSITY: SAMPLES}
    about = {"config": plan.config, "metrics": metrics}
    found = [Job(CONTROLS_JOB, {"task": "controls", **about})]
    for name in strategies_of(plan):
        for letter in letters_of(plan):
            for seed in seeds_of(plan):
                settings = {
                    **SETTINGS[letter].settings(QUICK_STEPS if plan.quick else STEPS),
                    **plan.strategies[name].settings(),
                    "train.seed": seed,
                }
                run = {"task": "run", **about, "settings": settings}
                found.append(Job(run_job(name, letter, seed), run))
    return found


def strategies_of(plan: Plan) -> list[str]:
    """The strategies that take part: those of `STRATEGIES` in the plan, or all where none is."""
    return [name for name in STRATEGIES if name in plan.strategies] or list(plan.strategies)


def letters_of(plan: Plan) -> list[str]:
    """The settings that are tried."""
    return list(QUICK_SETTINGS if plan.quick else SETTINGS)


def seeds_of(plan: Plan) -> range:
    """Training seeds under every setting."""
    return range(1 if plan.quick else min(plan.seeds, MOST_SEEDS))


def run_job(name: str, letter: str, seed: int) -> str:
    """The name of a run's job."""
    return f"robustness/{name}/{letter}/seed_{seed}"
