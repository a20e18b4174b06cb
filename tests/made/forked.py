"""Processes of a run as copies of this one, which has everything imported already."""

import multiprocessing
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

# A process in which autograd works under a dispatch mode first has copies that cannot use it. This
# is before any test.
torch.ones(1, requires_grad=True).sum().backward()


def start(work: Callable[[], None], processes: int, log: Path) -> list[int]:
    """Have copies of this process work as those of a launcher do; return their ids.

    Args:
        work: ends a copy, with status 0, by `SystemExit` with its own, and with 1 by another error.
        log: what they print is appended there.
    """
    port, started = free_port(), []
    for rank in range(processes):
        process = os.fork()
        if process == 0:
            os.environ.update(_environment(rank, processes, port))
            os._exit(_status_of(work, log))
        started.append(process)
    return started


def in_a_copy(work: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Return what `work` returns in a copy of this process, or raise what it raises there.

    Autograd under a dispatch mode leaves a process whose copies cannot use autograd any more.
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)

    def send() -> None:
        try:
            there.send((work(*arguments, **settings), None))
        except Exception as error:  # noqa: BLE001
            there.send((None, error))

    process = context.Process(target=send)
    process.start()
    there.close()
    found, error = here.recv()
    process.join()
    if error is not None:
        raise error
    return found


def _status_of(work: Callable[[], None], log: Path) -> int:
    """Work as this copy, and tell how it ended."""
    os.setpgid(0, 0)
    with log.open("a", buffering=1) as sys.stdout, log.open("a", buffering=1) as sys.stderr:
        os.dup2(sys.stdout.fileno(), 1)
        os.dup2(sys.stderr.fileno(), 2)
        # The threads of the original are not copied, and would be waited for.
        torch.set_num_threads(1)
        try:
            work()
        except SystemExit as end:
            return end.code
        except BaseException:
            traceback.print_exc()
            return 1
        return 0


def ended(processes: list[int], seconds: float) -> list[int] | None:
    """The statuses of processes once all have ended by themselves, or None after some seconds."""
    deadline, statuses = time.monotonic() + seconds, {}
    while len(statuses) < len(processes):
        for process in set(processes) - set(statuses):
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                statuses[process] = os.waitstatus_to_exitcode(status)
        if len(statuses) < len(processes) and time.monotonic() > deadline:
            return None
        time.sleep(0.01)
    return [statuses[process] for process in processes]


def _environment(rank: int, processes: int, port: int) -> dict[str, str]:
    """What a launcher says to one of its processes."""
    if processes == 1:
        return {}
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "ACCELERATE_USE_CPU": "true",
    }


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
