"""Jobs in processes of their own, so that one that fails harms no other."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from tgan.benchmarks.engine.part import Job, Part, Plan, Result
from tgan.benchmarks.engine.records import LOG, folder_of, read_result, write_job

# Seconds between two looks at the processes, and those that they get to write a checkpoint.
PAUSE, GRACE = 0.1, 60.0


def worker_command(folder: Path) -> list[str]:
    """The program that does the job described in `folder`."""
    return [sys.executable, "-m", "tgan", "benchmark-clipping", "--job", str(folder)]


class Observer(Protocol):
    """What is told how the work goes."""

    def planned(self, done: int, total: int) -> None:
        """So many jobs are done of those that are known; more may become known."""
        ...

    def started(self, name: str) -> None: ...

    def ended(self, name: str, seconds: float, outcome: str) -> None:
        """`outcome` in words; it is on record by now."""
        ...


@dataclass
class _Child:
    """A job at work."""

    job: Job
    part: str
    process: subprocess.Popen
    begin: float = field(default_factory=time.monotonic)


class Queue:
    """The jobs of some parts: those that are done are read, the others done.

    Args:
        parts: by the name that their jobs' names begin with.
        processes: at work at once.
        threads: of each.
        made_by: what is noted of all jobs that this queue does.
        record: called with this queue whenever it knows more.
        command: from a job's folder to the program that does it.

    Attributes:
        results: by part and name of job, of those that are done; training that diverged is too.
        makers: who made each of these, by name of job.
        crashed: by name of job, the last line of its log. Nothing is decided by these: they are
            no results, jobs that wait for one stay unknown, and the next queue tries them anew.
    """

    def __init__(
        self,
        parts: Mapping[str, Part],
        plan: Plan,
        *,
        out: Path,
        observer: Observer,
        processes: int = 1,
        threads: int = 1,
        made_by: Mapping[str, str] = MappingProxyType({}),
        record: Callable[["Queue"], None] = lambda queue: None,
        command: Callable[[Path], list[str]] = worker_command,
    ) -> None:
        self.parts, self.plan, self.out, self.observer = parts, plan, out, observer
        self.processes, self.threads = processes, threads
        self.made_by, self.record, self.command = made_by, record, command
        self.results: dict[str, dict[str, Result]] = {name: {} for name in parts}
        self.makers: dict[str, dict[str, str]] = {}
        self.crashed: dict[str, str] = {}
        self._waiting: list[tuple[str, Job]] = []
        self._children: list[_Child] = []

    def run(self) -> None:
        """Do all jobs; on any exception the processes are stopped, which is no failure of theirs.

        Raises:
            ValueError: a folder holds a job with other settings.
        """
        try:
            self.look()
            while self._waiting or self._children:
                while (found := self._next()) is not None:
                    self._start(*found)
                time.sleep(PAUSE)
                self._collect()
        finally:
            self._stop()

    def look(self) -> None:
        """Take over the results that are on disk, and list the jobs that remain."""
        known = -1
        while known != (known := self._count()):
            self._waiting = []
            for part, job in self._unfinished():
                if self._take(part, job) is None:
                    self._waiting.append((part, job))
        self._waiting.sort(key=lambda found: not found[1].alone)
        self.record(self)
        done = self._count() + len(self.crashed)
        self.observer.planned(done, done + len(self._waiting) + len(self._children))

    def _take(self, part: str, job: Job) -> Result | None:
        """Take over a job's result, if it is there."""
        found = read_result(self.out, job)
        if found is None:
            return None
        self.results[part][job.name], self.makers[job.name] = found
        return found[0]

    def _unfinished(self) -> list[tuple[str, Job]]:
        """Jobs, by what is known so far, that are not done, at work, or crashed."""
        busy = {child.job.name for child in self._children} | self.crashed.keys()
        found = []
        for name, part in self.parts.items():
            for job in part.jobs(self.plan, self.results[name]):
                assert job.name.startswith(f"{name}/"), f"job '{job.name}' of the part '{name}'"
                if job.name not in self.results[name] and job.name not in busy:
                    found.append((name, job))
        return found

    def _count(self) -> int:
        return sum(map(len, self.results.values()))

    def _next(self) -> tuple[str, Job] | None:
        """Take the first job that waits, unless it has to wait longer."""
        if not self._waiting or len(self._children) >= self.processes:
            return None
        alone = self._waiting[0][1].alone or any(child.job.alone for child in self._children)
        return None if alone and self._children else self._waiting.pop(0)

    def _start(self, part: str, job: Job) -> None:
        folder = write_job(self.out, part, job, self.made_by)
        with (folder / LOG).open("w") as log:
            process = subprocess.Popen(
                self.command(folder),
                # Closed when this process ends or wants it to: see `worker.end_with_parent`.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": str(self.threads)},
                # Ctrl-C on a terminal reaches this process alone, which then stops the others.
                start_new_session=True,
            )
        self._children.append(_Child(job, part, process))
        self.observer.started(job.name)

    def _collect(self) -> None:
        """Note the jobs that have ended."""
        ended = [child for child in self._children if child.process.poll() is not None]
        for child in ended:
            self._children.remove(child)
            child.process.stdin.close()
            name, result = child.job.name, self._take(child.part, child.job)
            if result is None:
                self.crashed[name] = self._last_words(child)
            self.record(self)
            self.observer.ended(name, time.monotonic() - child.begin, self._outcome(name, result))
        if ended:
            self.look()

    def _outcome(self, name: str, result: Result | None) -> str:
        if result is None:
            return f"crashed: {self.crashed[name]}"
        return f"diverged: {result['failed']}" if "failed" in result else "done"

    def _last_words(self, child: _Child) -> str:
        log = folder_of(self.out, child.job.name) / LOG
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
        status = child.process.returncode
        if status < 0:
            return f"ended by {signal.Signals(-status).name}"
        return next((line for line in reversed(lines) if line), f"ended with status {status}")

    def _stop(self) -> None:
        """Let processes write their checkpoints, and end those that take too long."""
        for child in self._children:
            child.process.stdin.close()
        deadline = time.monotonic() + GRACE
        try:
            for child in self._children:
                child.process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            pass
        finally:
            for child in self._children:
                child.process.kill()
                child.process.wait()
