"""Part 3: narrow TGANs on video, every strategy tuned alike, at equal steps and at equal time."""

from pathlib import Path

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.video.jobs import jobs_of
from tgan.benchmarks.clipping.video.section import section_of
from tgan.benchmarks.clipping.video.tasks import do_task
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.page.content import Section


class Video:
    """Tuning, timing and final runs of the strategies."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """Timing, controls and trials; final runs of a strategy when its trials are done."""
        return jobs_of(plan, results)

    def run(self, job: Job, folder: Path) -> Result:
        """Do a job; training goes on from its checkpoint."""
        return do_task(job, folder)

    def section(self, plan: Plan, results: Results) -> Section:
        """Samples, cost, critics and choices, learning curves and gradients, and clips."""
        return section_of(plan, results)
