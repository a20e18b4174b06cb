"""Jobs of the part on stacked digits: every cure with every seed, and real images beside them."""

from typing import Any

import yaml

from tgan.benchmarks.collapse.cures import Cure
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine.jobs import Job

# In the folder of a job: some of its samples.
PICTURE = "samples.png"
# Srivastava et al. 2017 and Lin et al. 2018: samples that modes are counted over.
SAMPLES, QUICK_SAMPLES = 26_000, 200
QUICK = {"train.steps": 2, "train.batch_size": 24}
# Real images that are read as if they were samples: of digits to train on, and of others.
CONTROLS = {"training": "images to train on", "held_out": "images of digits held out"}


def jobs_of(plan: Plan) -> list[Job]:
    """Real images, then the jobs of the first seed, and of the others."""
    shared = {"config": yaml.safe_load(plan.config or ""), "samples": samples_of(plan)}
    real = [Job(control_job(name), shared | {"control": name}) for name in CONTROLS]
    return real + [
        Job(seed_job(name, seed), shared | {"settings": _settings(cure, plan, seed)})
        for seed in range(plan.seeds)
        for name, cure in plan.cures.items()
    ]


def seed_job(name: str, seed: int) -> str:
    """The name of the job of a cure and a seed."""
    return f"digits/{name}/seed_{seed}"


def control_job(name: str) -> str:
    """The name of the job of real images."""
    return f"digits/real/{name}"


def samples_of(plan: Plan) -> int:
    """How many samples modes are counted over."""
    return QUICK_SAMPLES if plan.quick else SAMPLES


def _settings(cure: Cure, plan: Plan, seed: int) -> dict[str, Any]:
    return cure.settings() | (QUICK if plan.quick else {}) | {"train.seed": seed}
