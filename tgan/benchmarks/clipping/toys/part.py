"""Part 2: GANs of points in the plane, on which modes that are left out can be counted."""

from pathlib import Path

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.toys.jobs import PICTURE, jobs_of
from tgan.benchmarks.clipping.toys.section import section_of
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.page.content import Section
from tgan.benchmarks.toys.runs import run_toy


class Toys:
    """Modes, quality and evenness of toy GANs, per strategy, after the same number of updates."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """Trials of every strategy, and its seeds as soon as all of its trials have ended."""
        return jobs_of(plan, results)

    def run(self, job: Job, folder: Path) -> Result:
        """Train one toy GAN; an interrupted job starts anew."""
        return run_toy(job, folder / PICTURE)

    def section(self, plan: Plan, results: Results) -> Section:
        """A table per mixture, a plot of both, and the samples of seed 0 of every strategy."""
        return section_of(plan, results)
