"""Runs of methods on series, each with a result of its own on the disk."""

import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from itertools import count
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from tgan.anomaly.series.data.sets import Labelled
from tgan.benchmarks.tadgan.methods import BaselineMethod, Outcome, TadGANMethod
from tgan.metrics.overlap import Agreement, Counts, agreement
from tgan.system.files import write_whole

Method = BaselineMethod | TadGANMethod


@dataclass(frozen=True)
class Run:
    """A method on a series with a seed.

    Attributes:
        method: its name.
        group, series: names.
        seed: 0 where the method has none.
    """

    method: str
    group: str
    series: str
    seed: int

    def path(self, out: Path) -> Path:
        """Where its result lies."""
        return out / "runs" / self.method / self.group / f"{self.series}-{self.seed}.json"


@dataclass(frozen=True)
class Result:
    """What came of a run.

    Attributes:
        found: how well intervals agree with known ones, by combination of scores.
        seconds, error, components_error: see `Outcome`.
        made_by: commit, versions and hardware.
    """

    found: dict[str, Agreement]
    seconds: float
    error: float | None
    components_error: float | None
    made_by: dict[str, str]


def runs_of(methods: Mapping[str, Method], series: Sequence[Labelled], *, seeds: int) -> list[Run]:
    """All runs, those of the first seed first."""
    return [
        Run(name, one.group, one.name, seed)
        for seed in range(seeds)
        for name, method in methods.items()
        for one in series
        if method.seeded or not seed
    ]


def later_seeds(runs: Sequence[Run], out: Path) -> list[Run]:
    """The runs in `out` that differ from some of `runs` by a later seed alone."""
    known, found = set(runs), []
    for run in runs:
        for seed in count(run.seed + 1):
            later = replace(run, seed=seed)
            if later in known or not later.path(out).is_file():
                break
            found.append(later)
    return found


def do_runs(
    runs: Sequence[Run],
    methods: Mapping[str, Method],
    series: Sequence[Labelled],
    *,
    out: Path,
    processes: int,
    made_by: Mapping[str, str],
) -> Iterator[Run]:
    """Do runs side by side and write their results; yields each as it is done.

    Every process has one thread, so that times do not depend on how many there are.

    Raises:
        ValueError, ArithmeticError: from a run, which is named.
        OSError: a process was ended from outside.
    """
    by_name = {(one.group, one.name): one for one in series}
    # Started afresh: a fork of a process with threads may hang.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), start_worker)
    try:
        waiting = {
            pool.submit(_do, methods[run.method], by_name[run.group, run.series], run.seed): run
            for run in runs
        }
        for future in as_completed(waiting):
            run = waiting[future]
            content = {
                "settings": methods[run.method].settings(),
                "made_by": dict(made_by),
                **_result_of(future, run),
            }
            text = json.dumps(content, indent=1) + "\n"
            write_whole(run.path(out), lambda part, text=text: part.write_text(text))
            yield run
    except BaseException:
        # Runs take minutes: who interrupts does not wait for them.
        for child in active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _result_of(future: Future, run: Run) -> dict[str, Any]:
    name = f"{run.method} on {run.group}/{run.series}"
    try:
        return future.result()
    except (ValueError, ArithmeticError) as error:
        raise type(error)(f"{name}: {error}") from error
    except BrokenProcessPool as error:
        raise OSError(f"{name}: its process was ended; was there too little memory?") from error


def start_worker() -> None:
    """Let this process have one thread, and end it with the one that started it, however that ends.

    It would else wait for work for good where its parent was killed.
    """
    # Ctrl-C reaches all processes of a terminal; the one that started this one deals with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    threadpool_limits(1)
    os.environ["NUMBA_NUM_THREADS"] = "1"

    def watch() -> None:
        parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _do(method: Method, series: Labelled, seed: int) -> dict[str, Any]:
    outcome = method.run(series, seed=seed)
    return {**asdict(outcome), "found": _found(outcome, series)}


def _found(outcome: Outcome, series: Labelled) -> dict[str, Any]:
    times = np.asarray(series.test.timestamps)
    return {
        combination: asdict(agreement(series.known, intervals, times))
        for combination, intervals in outcome.intervals.items()
    }


def read_result(run: Run, method: Method, out: Path) -> Result | None:
    """The result of a run; None if there is none yet.

    Raises:
        ValueError: it is damaged, or was made with other settings.
    """
    path = run.path(out)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text())
        # Through JSON, where tuples are lists.
        settings = json.loads(json.dumps(method.settings()))
        if content["settings"] != settings:
            raise ValueError("it was made with other settings; name another --out")
        found = {name: _agreement(entry) for name, entry in content["found"].items()}
        if method.combination not in found:
            raise ValueError(f"it has no intervals by {method.combination}")
        errors = (
            None if content[name] is None else float(content[name])
            for name in ("error", "components_error")
        )
        return Result(found, float(content["seconds"]), *errors, dict(content["made_by"]))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"'{path}' cannot be used: {error} (or delete it)") from error


def _agreement(entry: Mapping[str, Any]) -> Agreement:
    counts = {
        name: Counts(**{kind: int(count) for kind, count in entry[name].items()})
        for name in ("intervals", "samples")
    }
    return Agreement(**counts, covered=int(entry["covered"]), total=int(entry["total"]))
