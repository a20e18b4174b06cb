"""Benchmark of cures as a whole: the jobs of its parts, their results, and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tgan.benchmarks.collapse.parts import PARTS
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine.completion import complete
from tgan.benchmarks.engine.makers import describe_makers
from tgan.benchmarks.engine.progress import Progress
from tgan.benchmarks.engine.queue import Queue
from tgan.benchmarks.engine.records import REPORT, RESULTS, TABLES, write_json
from tgan.benchmarks.page.content import Section
from tgan.benchmarks.page.html import write_report
from tgan.benchmarks.page.tables import write_tables

# Jobs that a process does in turn: a toy GAN takes little more time than a process does to start.
TOGETHER = 10
TITLE = "Mode collapse: cures compared"


def run_benchmark(
    plan: Plan,
    names: Sequence[str],
    out: Path,
    *,
    about: Mapping[str, str],
    made_by: Mapping[str, str],
    processes: int,
) -> None:
    """Do the jobs of some parts that are not done yet, then write results, tables and report.

    Every process has one thread, so that times do not depend on how many there are.

    Args:
        names: of the parts.
        about: for the report.
        made_by: commit, versions and hardware, noted of every job that is done now.
        processes: jobs at once.

    Raises:
        ValueError: `out` holds a job that was made with other settings.
        ChildProcessError, KeyboardInterrupt: as `complete`.
    """
    queue = Queue(
        {name: PARTS[name]() for name in names},
        plan,
        out=out,
        observer=Progress(),
        processes=processes,
        together=TOGETHER,
        made_by=made_by,
    )
    complete(queue, lambda: _report(plan, queue, about))


def _report(plan: Plan, queue: Queue, about: Mapping[str, str]) -> None:
    """Write all that is known; print the page's path."""
    out, sections = queue.out, []
    for name, found in queue.results.items():
        section = PARTS[name]().section(plan, found)
        makers = describe_makers([queue.makers[job] for job in found])
        sections.append(replace(section, text=[*section.text, makers]))
    if queue.crashed:
        lines = [f"{name}: {reason}" for name, reason in queue.crashed.items()]
        sections.append(Section("Jobs that crashed, and are missing above", lines))
    results = {job: result for found in queue.results.values() for job, result in found.items()}
    write_json(out / RESULTS, {"about": about, "made_by": queue.makers, "results": results})
    write_report(out / REPORT, sections, title=TITLE, about=about, root=out)
    write_tables(out / TABLES, sections)
    print(out / REPORT)
