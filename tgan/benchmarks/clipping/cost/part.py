"""Part 5: what clipping and constraints cost at the sizes of the paper, and what they certify."""

from collections.abc import Mapping
from pathlib import Path

from tgan.benchmarks.clipping.cost.clip_cost import SHAPES, SPECTRA, time_clips
from tgan.benchmarks.clipping.cost.norm_gap import norm_gaps
from tgan.benchmarks.clipping.cost.update_cost import Sizes, time_updates
from tgan.benchmarks.engine.part import Job, Plan, Result

CLIP_ROUNDS = 3
GAPS_JOB = "cost/norms"
QUICK_SHAPES = SHAPES[:2]
QUICK_SIZES = Sizes(resolution=32, width=4, batch=2, rounds=1)


class Cost:
    """Methods of clipping by their seconds and errors, strategies by what an update takes more."""

    def jobs(self, plan: Plan, results: Mapping[str, Result]) -> list[Job]:
        """One for bounds on norms, and one per spectrum and strategy, alone, to take times."""
        clips = [
            Job(clip_job(spectrum), {"spectrum": spectrum, "quick": plan.quick}, alone=True)
            for spectrum in SPECTRA
        ]
        gaps = Job(GAPS_JOB, {"quick": plan.quick})
        return [*clips, gaps] + [
            Job(update_job(name), {"arm": arm.settings(), "quick": plan.quick}, alone=True)
            for name, arm in plan.arms.items()
        ]

    def run(self, job: Job, folder: Path) -> Result:
        """Take times, or bounds, within minutes; an interrupted job starts anew."""
        quick = job.settings["quick"]
        if job.name == GAPS_JOB:
            return norm_gaps(QUICK_SIZES if quick else Sizes())
        if "spectrum" in job.settings:
            shapes = QUICK_SHAPES if quick else SHAPES
            rounds = 1 if quick else CLIP_ROUNDS
            return time_clips(job.settings["spectrum"], shapes=shapes, rounds=rounds)
        return time_updates(job.settings["arm"], QUICK_SIZES if quick else Sizes())


def clip_job(spectrum: str) -> str:
    return f"cost/clipping/{spectrum}"


def update_job(name: str) -> str:
    return f"cost/updates/{name}"
