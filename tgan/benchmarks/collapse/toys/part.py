"""Part on toy GANs, on which modes that are left out can be counted."""

from pathlib import Path

from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.collapse.toys.jobs import PICTURE, jobs_of
from tgan.benchmarks.collapse.toys.section import section_of
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.page.content import Section
from tgan.benchmarks.toys.runs import run_toy


class Toys:
    """Modes, quality and evenness of toy GANs, per cure, after the same number of updates."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """All jobs at once."""
        return jobs_of(plan)

    def run(self, job: Job, folder: Path) -> Result:
        """Train one toy GAN; an interrupted job starts anew."""
        return run_toy(job, folder / PICTURE)

    def section(self, plan: Plan, results: Results) -> Section:
        """A table per mixture, a plot of both, and the samples of seed 0 of every cure."""
        return section_of(plan, results)
