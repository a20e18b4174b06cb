"""Benchmark of few labels as a whole: its jobs, the results of all, table and picture."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from tgan.benchmarks.engine.completion import complete
from tgan.benchmarks.engine.machine import describe_machine
from tgan.benchmarks.engine.progress import Progress
from tgan.benchmarks.engine.queue import Queue
from tgan.benchmarks.engine.records import RESULTS, TABLES, check_folder, write_json
from tgan.benchmarks.labels.part import PART, Classifiers, Plan, Run, job_of, parts_of
from tgan.benchmarks.labels.plot import PLOT, write_plot
from tgan.benchmarks.labels.tables import Row, report
from tgan.config import Config
from tgan.data.few_labels import labelled_part
from tgan.system.files import write_whole

# Runs that a process does in turn: some take less time than a process does to start.
TOGETHER = 10
# Draws that settings are chosen on; those of the report begin at 0.
CHOOSING_DRAW = 100


def run_comparison(
    config: Config,
    methods: Sequence[str],
    *,
    labels: Sequence[int],
    draws: int,
    out: Path,
    chooses: bool = False,
    processes: int = 1,
) -> None:
    """Do what is not done yet, then write results and a table, and print the table.

    Every process has one thread.

    Args:
        config: the experiment of the GAN, of which the networks take what they have.
        methods: names in `METHODS`.
        labels: how many are told, in turn.
        draws: of labels, for each number of them.
        out: the folder of the benchmark.
        chooses: whether settings are being chosen: by other draws, and by other pictures than
            those that are reported on.

    Raises:
        ValueError: `out` holds something else, data without classes, or more labels than there
            are.
        ChildProcessError, KeyboardInterrupt: as `complete`.
    """
    check_folder(out, [PART])
    pictures, _ = parts_of(config, chooses=chooses)
    for count in labels:
        labelled_part(pictures, count)
    first = CHOOSING_DRAW if chooses else 0
    runs = [
        Run(method, count, draw)
        for draw in range(first, first + draws)
        for count in labels
        for method in methods
    ]
    plan = {run: job_of(run, config, chooses=chooses) for run in runs}
    queue = Queue(
        {PART: Classifiers()},
        plan,
        out=out,
        observer=Progress(),
        together=TOGETHER,
        processes=processes,
        made_by=describe_machine() | {"processes": str(processes), "threads": "1"},
    )
    complete(queue, lambda: _report(queue, plan, out))


def _report(queue: Queue, plan: Plan, out: Path) -> None:
    results = queue.results[PART]
    rows = [
        Row(run, **results[job.name])
        for run, job in plan.items()
        if job.name in results and "failed" not in results[job.name]
    ]
    made_by = {", ".join(f"{k} {v}" for k, v in maker.items()) for maker in queue.makers.values()}
    text = report(rows, sorted(made_by))
    write_json(out / RESULTS, [asdict(row) for row in rows])
    write_whole(out / TABLES, lambda part: part.write_text(text))
    if rows and find_spec("matplotlib"):
        write_whole(out / PLOT, lambda part: write_plot(rows, part))
    print(text)
    print(out)
