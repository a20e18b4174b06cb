"""Part 5: what clipping and constraints cost at the sizes of the paper, and what they certify."""

from pathlib import Path

from tgan.benchmarks.clipping.cost.clip_cost import SHAPES, time_clips
from tgan.benchmarks.clipping.cost.jobs import GAPS_JOB, jobs_of
from tgan.benchmarks.clipping.cost.norm_gap import norm_gaps
from tgan.benchmarks.clipping.cost.section import section_of
from tgan.benchmarks.clipping.cost.update_cost import Sizes, time_updates
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.engine.jobs import Job, Result, Results
from tgan.benchmarks.page.content import Section
from tgan.system.memory import keep_freed_memory

CLIP_ROUNDS = 3
QUICK_SHAPES = SHAPES[:2]
QUICK_SIZES = Sizes(resolution=32, width=4, batch=2, rounds=1)


class Cost:
    """Methods of clipping by their seconds and errors, strategies by what an update takes more."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """All jobs at once."""
        return jobs_of(plan)

    def run(self, job: Job, folder: Path) -> Result:
        """Take times, or bounds, within minutes; an interrupted job starts anew."""
        # As in training.
        keep_freed_memory()
        quick = job.settings["quick"]
        if job.name == GAPS_JOB:
            return norm_gaps(QUICK_SIZES if quick else Sizes())
        if "spectrum" in job.settings:
            shapes = QUICK_SHAPES if quick else SHAPES
            rounds = 1 if quick else CLIP_ROUNDS
            return time_clips(job.settings["spectrum"], shapes=shapes, rounds=rounds)
        return time_updates(job.settings["strategy"], QUICK_SIZES if quick else Sizes())

    def section(self, plan: Plan, results: Results) -> Section:
        """Clipping by spectrum, bounds on norms, and costs and certificates by strategy."""
        return section_of(plan, results)
