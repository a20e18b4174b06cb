"""Lifetime of processes: one that works for another ends with it, and not by a signal to both."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Seconds between two looks at who the parent is.
PAUSE = 0.2
# What Ctrl-C, schedulers and closed terminals send to a whole group of processes, where the
# system has it.
STOPS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
    if hasattr(signal, name)
)
# The processes that are watched already; a fork takes this along, but not the thread.
_watched: set[int] = set()


def end_with_parent(parent: int | None = None, *, by: int = signal.SIGTERM) -> None:
    """Send this process a signal as soon as the process that started it has ended, however it did.

    Without this, a process whose parent is killed works on, or waits for work for good.

    Args:
        parent: process id of the parent. A process of `multiprocessing` knows its own; others
            need it only to notice a parent that has ended before this call.
        by: the signal; SIGKILL for a process that ignores the others.

    Example:
        >>> pool = ProcessPoolExecutor(2, get_context("spawn"), initializer=end_with_parent)
    """
    if os.getpid() in _watched:
        return
    _watched.add(os.getpid())
    parent = os.getppid() if parent is None else parent
    threading.Thread(target=_watch, args=(parent, by), daemon=True).start()


def ignore_stops() -> None:
    """Ignore the signals that ask to stop: the process that this one works for decides."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


@contextmanager
def held_stops() -> Iterator[None]:
    """Start processes with the signals that ask to stop held back, until they `ignore_stops`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(parent: int, by: int) -> None:
    process = multiprocessing.parent_process()
    # An orphan gets another parent. Where a server starts the processes of `multiprocessing`, the
    # one that asked for them is not their parent; it ends its side of a pipe.
    while os.getppid() == parent and (process is None or process.is_alive()):
        time.sleep(PAUSE)
    os.kill(os.getpid(), by)
