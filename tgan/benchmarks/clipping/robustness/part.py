"""Part 4: the claim of TGAN's authors for singular value clipping, that it does not fail."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tgan.benchmarks.clipping.measuring import MEASURING_SEED, measure_checkpoint, measure_controls
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.robustness.jobs import jobs_of
from tgan.benchmarks.clipping.robustness.section import section_of
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.experiments import RUN, checkpoint_of, train, variation
from tgan.benchmarks.page.content import Section
from tgan.lookup import look_up


class Robustness:
    """Short runs of a few strategies under every setting."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """All jobs at once."""
        return jobs_of(plan)

    def run(self, job: Job, folder: Path) -> Result:
        """Do a job; training goes on from its checkpoint."""
        settings = dict(job.settings)
        return look_up(TASKS, settings.pop("task"), kind="task")(folder, **settings)

    def section(self, plan: Plan, results: Results) -> Section:
        """How runs ended, and their distances by setting."""
        return section_of(plan, results)


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
