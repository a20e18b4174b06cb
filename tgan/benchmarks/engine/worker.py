"""The process of one job."""

import os
import signal
import sys
import threading
from pathlib import Path

from tgan.benchmarks.engine.part import Part
from tgan.benchmarks.engine.records import RESULT, read_job, write_json


def do_job(folder: Path, part: Part) -> None:
    """Do the job that is described in `folder`, and leave its result there.

    Training that diverged is a result, `{"failed": reason}`; any other error is a mistake of the
    program or a lack of memory, which must not pass for it, and goes on to the caller.
    """
    _, job = read_job(folder)
    try:
        result = part.run(job, folder)
    except (ZeroDivisionError, OverflowError):
        raise
    except ArithmeticError as error:
        result = {"failed": str(error)}
    write_json(folder / RESULT, result)


def end_with_parent() -> None:
    """Ask this process to stop, by SIGTERM, as soon as nobody holds its standard input open.

    That is when the queue wants it to, and when the queue is no more, however it ended.
    """

    descriptor = sys.stdin.fileno()

    def watch() -> None:
        # Not by way of `sys.stdin`, whose lock a thread must not hold when the program ends.
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
