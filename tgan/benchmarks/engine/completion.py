"""Completion of a benchmark: its jobs are done, and what is known is reported, however it ends."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import NoReturn

from tgan.benchmarks.engine.queue import Queue
from tgan.benchmarks.engine.records import JOBS, LOG, SCRIPT
from tgan.lookup import counted
from tgan.system.lock import locked


def complete(queue: Queue, report: Callable[[], None]) -> None:
    """Do all jobs of a queue, then call `report`, which writes what their results tell.

    SIGTERM meanwhile is what Ctrl-C is.

    Raises:
        ChildProcessError: jobs crashed; all others are done and reported on.
        KeyboardInterrupt: the jobs at work were stopped; what is done is reported on.
        ValueError: a job's folder is of other settings, or somebody else works on the benchmark's.
    """
    with locked(queue.out), _interrupted_by_sigterm():
        try:
            with closing(queue.observer):
                queue.run()
        except KeyboardInterrupt:
            print(
                f"stopped; the same command goes on with what is in '{queue.out}'", file=sys.stderr
            )
            report()
            raise
        report()
    if queue.crashed:
        raise ChildProcessError(
            f"{counted(len(queue.crashed), 'job')} crashed ({', '.join(queue.crashed)}); in the "
            f"folder of each in '{queue.out / JOBS}' {LOG} says how and {SCRIPT} does it by "
            "itself, and the same command tries all of them again"
        )


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    # Elsewhere signals go where they went before.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
