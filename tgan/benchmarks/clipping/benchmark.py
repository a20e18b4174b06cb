"""The whole benchmark: the jobs of its parts, what is on record of them, and the page."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tgan.benchmarks.clipping.parts import PARTS
from tgan.benchmarks.engine.part import Plan, Section
from tgan.benchmarks.engine.progress import Progress
from tgan.benchmarks.engine.queue import Queue
from tgan.benchmarks.engine.records import (
    REPORT,
    RESULTS,
    TABLES,
    Record,
    plan_settings,
    write_json,
)
from tgan.benchmarks.page.html import write_report
from tgan.benchmarks.page.tables import write_tables
from tgan.lookup import counted


def run_benchmark(
    plan: Plan,
    names: Sequence[str],
    out: Path,
    *,
    on_record: Record,
    about: Mapping[str, str],
    made_by: Mapping[str, str],
    processes: int,
    threads: int,
) -> None:
    """Do the jobs of some parts, and report on them and on all others that are on record.

    Args:
        names: of the parts.
        on_record: as `results.claim_folder` gave it.
        about: for the report.
        made_by: commit, versions, hardware, processes and threads, noted of every job that is
            done now.
        processes, threads: jobs at once, and the threads of each.

    Raises:
        ChildProcessError: jobs crashed; all others are done and reported on.
        KeyboardInterrupt: the jobs at work were stopped; what is done is reported on.
        ValueError: a job's folder is of other settings.
    """
    # Those of the parts at hand are read from the folders of their jobs.
    kept = [job for job in on_record.results if job.partition("/")[0] not in names]

    def known(queue: Queue) -> Record:
        found = Record(
            {job: on_record.results[job] for job in kept},
            {job: on_record.makers[job] for job in kept} | queue.makers,
        )
        for results in queue.results.values():
            found.results.update(results)
        return found

    def record(queue: Queue) -> None:
        now = known(queue)
        content = {"settings": plan_settings(plan), "about": about, "crashed": queue.crashed}
        write_json(out / RESULTS, content | {"made_by": now.makers, "results": now.results})

    progress = Progress()
    queue = Queue(
        {name: PARTS[name]() for name in names},
        plan,
        out=out,
        observer=progress,
        processes=processes,
        threads=threads,
        made_by=made_by,
        record=record,
    )
    try:
        queue.run()
    except KeyboardInterrupt:
        print(f"stopped; the same command goes on with what is in '{out}'", file=sys.stderr)
        _report(plan, out, known(queue), queue.crashed, about)
        raise
    finally:
        progress.close()
    _report(plan, out, known(queue), queue.crashed, about)
    if queue.crashed:
        raise ChildProcessError(
            f"{counted(len(queue.crashed), 'job')} crashed ({', '.join(queue.crashed)}); each "
            f"log.txt in '{out / 'jobs'}' says how, and the same command tries them again"
        )


def _report(
    plan: Plan, out: Path, known: Record, crashed: Mapping[str, str], about: Mapping[str, str]
) -> None:
    """Write the page on all that is known, and its tables; print the page's path."""
    # Only now: they know the parts, which jobs import in processes of their own.
    from tgan.benchmarks.clipping.sections import SECTIONS

    sections = []
    for name, show in SECTIONS.items():
        if results := {j: r for j, r in known.results.items() if j.startswith(f"{name}/")}:
            section = show(plan, results, out)
            makers = _describe_makers(known.makers[job] for job in results)
            sections.append(replace(section, text=[*section.text, makers]))
    if crashed:
        lines = [f"{name}: {reason}" for name, reason in crashed.items()]
        sections.append(Section("Jobs that crashed, and are missing above", lines))
    write_report(out / REPORT, sections, about=about, root=out)
    write_tables(out / TABLES, sections)
    print(out / REPORT)


def _describe_makers(makers: Iterable[Mapping[str, str]]) -> str:
    """Who made how many jobs, in words; an interrupted benchmark may go on at another commit."""
    counts = Counter(tuple(maker.items()) for maker in makers)
    told = [
        f"{counted(count, 'job')} with {', '.join(f'{name} {value}' for name, value in maker)}"
        for maker, count in counts.items()
    ]
    return f"Done: {'; '.join(told)}."
