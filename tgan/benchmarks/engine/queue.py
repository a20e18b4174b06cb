"""Queue of jobs that processes of their own do, so that one that fails harms no other."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from tgan.benchmarks.engine.jobs import Job, Part, Result
from tgan.benchmarks.engine.records import LOG, path_of, read_result, write_job
from tgan.benchmarks.engine.reproduction import write_script
from tgan.benchmarks.engine.worker import command_for

# Seconds between two looks at the processes, and those that they get to write a checkpoint.
PAUSE, GRACE = 0.1, 60.0
# Variables that say to libraries how many threads they may have.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Observer(Protocol):
    """Somebody who watches how the work goes."""

    def planned(self, done: int, total: int) -> None:
        """Note that so many jobs are done of those that can be named; there may be more."""
        ...

    def started(self, name: str) -> None:
        """Note that a job is at work."""
        ...

    def ended(self, name: str, seconds: float, outcome: str) -> None:
        """Note how a job ended, in words; it is on record by now."""
        ...

    def close(self) -> None:
        """Note that there is no more to watch."""
        ...


@dataclass
class _Worker:
    """A process and the jobs that it has yet to do, in this order."""

    part: str
    jobs: list[Job]
    alone: bool
    process: subprocess.Popen
    begin: float = field(default_factory=time.monotonic)


class Queue:
    """The jobs of some parts: results that are on disk are read, the other jobs done.

    Args:
        parts: by the name that their jobs' names begin with.
        plan: what the parts are asked for the jobs of.
        out: the benchmark's folder.
        processes: at work at once.
        threads: of each.
        together: most jobs that a process does in turn, for jobs shorter than its start.
        made_by: what is noted of all jobs that this queue does.
        record: called with this queue whenever a job has ended.

    Attributes:
        results: by part and name of job; those of training that diverged are among them.
        makers: who made each of these, by name of job.
        crashed: by name of job, the last line of its log. Nothing is decided by these: they are
            no results, jobs that wait for one cannot be named, and the next queue tries them anew.
    """

    def __init__(
        self,
        parts: Mapping[str, Part],
        plan: Any,
        *,
        out: Path,
        observer: Observer,
        processes: int = 1,
        threads: int = 1,
        together: int = 1,
        made_by: Mapping[str, str] = MappingProxyType({}),
        record: Callable[["Queue"], None] = lambda queue: None,
    ) -> None:
        self.parts, self.plan, self.out, self.observer = parts, plan, out, observer
        self.processes, self.together = processes, together
        self.made_by, self.record = made_by, record
        self.results: dict[str, dict[str, Result]] = {name: {} for name in parts}
        self.makers: dict[str, dict[str, str]] = {}
        self.crashed: dict[str, str] = {}
        self._environment = dict.fromkeys(THREADS, str(threads))
        self._waiting: list[tuple[str, Job]] = []
        self._workers: list[_Worker] = []

    def run(self) -> None:
        """Do all jobs; on any exception the processes are stopped, which is no failure of theirs.

        Raises:
            ValueError: a folder holds a job with other settings.
        """
        try:
            self._look()
            while self._waiting or self._workers:
                while (found := self._next()) is not None:
                    self._start(*found)
                time.sleep(PAUSE)
                self._collect()
        finally:
            self._stop()

    def _look(self) -> None:
        """Take over the results that are on disk, and list the jobs that remain."""
        before = -1
        while before != (before := self._count()):
            self._waiting = []
            for part, job in self._unfinished():
                if self._take(part, job) is None:
                    self._waiting.append((part, job))
        self._waiting.sort(key=lambda found: not found[1].alone)
        self.record(self)
        done = self._count() + len(self.crashed)
        busy = sum(len(worker.jobs) for worker in self._workers)
        self.observer.planned(done, done + len(self._waiting) + busy)

    def _take(self, part: str, job: Job) -> Result | None:
        """Take over a job's result, if it is there."""
        found = read_result(self.out, job)
        if found is None:
            return None
        self.results[part][job.name], self.makers[job.name] = found
        return found[0]

    def _unfinished(self) -> list[tuple[str, Job]]:
        """Jobs that can be named so far and are not done, at work, or crashed."""
        busy = {job.name for worker in self._workers for job in worker.jobs} | self.crashed.keys()
        found = []
        for name, part in self.parts.items():
            for job in part.jobs(self.plan, self.results[name]):
                assert job.name.startswith(f"{name}/"), f"job '{job.name}' of the part '{name}'"
                if job.name not in self.results[name] and job.name not in busy:
                    found.append((name, job))
        return found

    def _count(self) -> int:
        return sum(map(len, self.results.values()))

    def _next(self) -> tuple[str, list[Job]] | None:
        """Take the first jobs that wait and one process is to do, unless they have to wait longer.

        Towards the end these are fewer, so that no process is left with all of them.
        """
        if not self._waiting or len(self._workers) >= self.processes:
            return None
        part, first = self._waiting[0]
        if self._workers and (first.alone or any(worker.alone for worker in self._workers)):
            return None
        most = 1 if first.alone else min(self.together, -(-len(self._waiting) // self.processes))
        same = takewhile(lambda found: found[0] == part, self._waiting[:most])
        jobs = [job for _, job in same]
        del self._waiting[: len(jobs)]
        return part, jobs

    def _start(self, part: str, jobs: list[Job]) -> None:
        folders = [write_job(self.out, job, self.made_by) for job in jobs]
        with (folders[0] / LOG).open("w") as log:
            process = subprocess.Popen(
                command_for(self.parts[part], folders),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | self._environment,
                # Ctrl-C on a terminal reaches this process alone, which then stops the others.
                start_new_session=True,
            )
        self._workers.append(_Worker(part, jobs, jobs[0].alone, process))
        self.observer.started(jobs[0].name)

    def _collect(self) -> None:
        """Note the jobs that have ended."""
        ended = [job for worker in list(self._workers) for job in self._collect_from(worker)]
        if ended:
            self._look()

    def _collect_from(self, worker: _Worker) -> list[Job]:
        """Note the jobs of a process that have ended, and whether the process has."""
        # Asked before results are looked for, which a process leaves before it ends.
        has_ended = worker.process.poll() is not None
        ended = []
        while worker.jobs and (result := self._take(worker.part, worker.jobs[0])) is not None:
            reason = result.get("failed")
            outcome = "done" if reason is None else f"diverged: {reason}"
            ended.append(self._note_end(worker, outcome, reason))
        if has_ended:
            self._workers.remove(worker)
            if worker.jobs:
                reason = self._last_words(worker)
                self.crashed[worker.jobs[0].name] = reason
                ended.append(self._note_end(worker, f"crashed: {reason}", reason))
        return ended

    def _note_end(self, worker: _Worker, outcome: str, failure: str | None) -> Job:
        """Note how the first of a process's jobs ended; with a failure, leave a script behind."""
        job = worker.jobs.pop(0)
        if failure is not None:
            folder, part = self.out / path_of(job.name), self.parts[worker.part]
            write_script(folder, job, part, reason=failure, environment=self._environment)
        self.record(self)
        now = time.monotonic()
        self.observer.ended(job.name, now - worker.begin, outcome)
        worker.begin = now
        if worker.jobs:
            self.observer.started(worker.jobs[0].name)
        return job

    def _last_words(self, worker: _Worker) -> str:
        log = self.out / path_of(worker.jobs[0].name, LOG)
        lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
        status = worker.process.returncode
        if status < 0:
            return f"ended by {signal.Signals(-status).name}"
        words = (line.strip() for line in reversed(lines))
        return next((line for line in words if line), f"ended with status {status}")

    def _stop(self) -> None:
        """Let processes write their checkpoints, and end those that take too long."""
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + GRACE
        try:
            for worker in self._workers:
                worker.process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            pass
        finally:
            for worker in self._workers:
                worker.process.kill()
                worker.process.wait()
