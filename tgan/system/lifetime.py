"""Lifetime of processes: one that works for another ends with it."""

import multiprocessing
import os
import signal
import threading
import time
from functools import cache

# Seconds between two looks at who the parent is.
PAUSE = 0.2


@cache
def end_with_parent(parent: int | None = None) -> None:
    """Send this process SIGTERM as soon as the process that started it has ended, however it did.

    Without this, a process whose parent is killed works on, or waits for work for good.

    Args:
        parent: process id of the parent. A process of `multiprocessing` knows its own; others
            need it only to notice a parent that has ended before this call.

    Example:
        >>> pool = ProcessPoolExecutor(2, get_context("spawn"), initializer=end_with_parent)
    """
    parent = os.getppid() if parent is None else parent
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    process = multiprocessing.parent_process()
    if process is None:
        # An orphan gets another parent.
        while os.getppid() == parent:
            time.sleep(PAUSE)
    else:
        process.join()
    os.kill(os.getpid(), signal.SIGTERM)
