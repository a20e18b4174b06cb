"""Benchmark of strategies as a whole: the jobs of its parts, the record of them, and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tgan.benchmarks.clipping.parts import PARTS
from tgan.benchmarks.clipping.plan import Plan, Record
from tgan.benchmarks.clipping.strategies import STRATEGIES, Strategy
from tgan.benchmarks.engine.completion import complete
from tgan.benchmarks.engine.makers import describe_makers
from tgan.benchmarks.engine.progress import Progress
from tgan.benchmarks.engine.queue import Queue
from tgan.benchmarks.engine.records import REPORT, TABLES
from tgan.benchmarks.page.content import Section
from tgan.benchmarks.page.html import write_report
from tgan.benchmarks.page.plots import Style, numbered_style
from tgan.benchmarks.page.tables import write_tables

TITLE = "Keeping a critic Lipschitz: strategies compared"


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
        on_record: as `claim_folder` found it.
        about: for the report.
        made_by: commit, versions, hardware, processes and threads, noted of every job that is
            done now.
        processes, threads: jobs at once, and the threads of each.

    Raises:
        ChildProcessError, KeyboardInterrupt, ValueError: as `complete`.
    """
    # Those of the parts at hand are read from the folders of their jobs.
    others = on_record.of_parts([name for name in PARTS if name not in names])

    def known(queue: Queue) -> Record:
        results = [others.results, *queue.results.values()]
        return Record(
            {j: r for each in results for j, r in each.items()}, others.makers | queue.makers
        )

    queue = Queue(
        {name: PARTS[name]() for name in names},
        plan,
        out=out,
        observer=Progress(),
        processes=processes,
        threads=threads,
        made_by=made_by,
        record=lambda queue: known(queue).write(out, plan, about=about, crashed=queue.crashed),
    )
    complete(queue, lambda: _report(plan, out, known(queue), queue.crashed, about))


def looks() -> dict[str, Style]:
    """The look of every strategy in plots, by its name and by its title, whichever take part.

    One colour for each, dashed and hollow with batch norms.
    """
    families: dict[tuple, int] = {}
    found = {}
    for name, strategy in STRATEGIES.items():
        number = families.setdefault(_family(strategy), len(families))
        style = numbered_style(number, is_hollow=strategy.batch_norm)
        found |= {name: style, strategy.title: style}
    return found


def _report(
    plan: Plan, out: Path, record: Record, crashed: Mapping[str, str], about: Mapping[str, str]
) -> None:
    """Write the page on all that is known, and its tables; print the page's path."""
    sections = []
    for name, part in PARTS.items():
        found = record.of_parts([name])
        if found.results:
            section = part().section(plan, found.results)
            makers = describe_makers(found.makers.values())
            sections.append(replace(section, text=[*section.text, makers]))
    if crashed:
        lines = [f"{name}: {reason}" for name, reason in crashed.items()]
        sections.append(Section("Jobs that crashed, and are missing above", lines))
    write_report(out / REPORT, sections, title=TITLE, about=about, root=out, styles=looks())
    write_tables(out / TABLES, sections)
    print(out / REPORT)


def _family(strategy: Strategy) -> tuple:
    """What strategies of one colour have in common: all but batch norms."""
    return (*sorted(strategy.constraint.items()), strategy.objective)
