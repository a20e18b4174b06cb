"""Jobs of the part on cost: times of clipping and of updates, and bounds on norms."""

from tgan.benchmarks.clipping.cost.clip_cost import SPECTRA
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.engine.jobs import Job

GAPS_JOB = "cost/norms"


def jobs_of(plan: Plan) -> list[Job]:
    """One job for bounds on norms, and one per spectrum and strategy, alone, to take times."""
    clips = [
        Job(clip_job(spectrum), {"spectrum": spectrum, "quick": plan.quick}, alone=True)
        for spectrum in SPECTRA
    ]
    gaps = Job(GAPS_JOB, {"quick": plan.quick})
    return [*clips, gaps] + [
        Job(update_job(name), {"strategy": each.settings(), "quick": plan.quick}, alone=True)
        for name, each in plan.strategies.items()
    ]


def clip_job(spectrum: str) -> str:
    """The name of the job that clips kernels of a spectrum."""
    return f"cost/clipping/{spectrum}"


def update_job(name: str) -> str:
    """The name of the job that updates a strategy's critic."""
    return f"cost/updates/{name}"
