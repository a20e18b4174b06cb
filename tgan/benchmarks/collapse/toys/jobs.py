"""Jobs of the part on toy GANs: every cure with every seed, on either mixture."""

from typing import Any

from tgan.benchmarks.collapse.cures import Cure
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine.jobs import Job, Result, Results, results_of
from tgan.benchmarks.toys.recipe import QUICK, RATES, RECIPE
from tgan.data.made.toy import TOYS

# In the folder of a job: its samples.
PICTURE = "samples.png"


def jobs_of(plan: Plan) -> list[Job]:
    """The jobs of the first seed first, so that what is there early can be compared."""
    return [
        Job(
            seed_job(toy, name, seed),
            {"toy": toy, "seed": seed, "settings": settings_of(cure, quick=plan.quick)},
        )
        for seed in range(plan.seeds)
        for toy in TOYS
        for name, cure in plan.cures.items()
    ]


def settings_of(cure: Cure, *, quick: bool) -> dict[str, Any]:
    """The dotted settings of a small experiment: updates and rates are the same for every cure."""
    shared = (QUICK if quick else RECIPE) | RATES | {"critic.batch_norm": False}
    return shared | cure.settings() | dict(cure.on_toys)


def ended(plan: Plan, results: Results, toy: str, name: str) -> list[Result]:
    """The results that there are of a cure on a mixture, by seed."""
    return results_of(results, [seed_job(toy, name, seed) for seed in range(plan.seeds)])


def seed_job(toy: str, name: str, seed: int) -> str:
    """The name of the job of a seed."""
    return f"toys/{toy}/{name}/seed_{seed}"
