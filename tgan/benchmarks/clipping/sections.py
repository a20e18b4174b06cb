"""What each part of the benchmark shows in the report, from the results of its jobs."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tgan.benchmarks.clipping.cost.section import cost_section
from tgan.benchmarks.clipping.robustness.section import robustness_section
from tgan.benchmarks.clipping.toys.section import toys_section
from tgan.benchmarks.clipping.truth.section import truth_section
from tgan.benchmarks.clipping.video.section import video_section
from tgan.benchmarks.engine.part import Plan, Result, Section

# By the names of `tgan.benchmarks.clipping.parts.PARTS`. Arms or jobs that are missing yet are left
# out. Called with the plan, results by job, and the benchmark's folder, of which `jobs/<name>` is
# the folder of a job.
SECTIONS: dict[str, Callable[[Plan, Mapping[str, Result], Path], Section]] = {
    "truth": lambda plan, results, out: truth_section(plan, results),
    "toys": toys_section,
    "video": video_section,
    "robustness": lambda plan, results, out: robustness_section(plan, results),
    "cost": lambda plan, results, out: cost_section(plan, results),
}
