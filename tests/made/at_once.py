"""A benchmark's processes, played by the test's own."""

import subprocess
import traceback
from types import SimpleNamespace

from tgan.benchmarks.engine import queue
from tgan.benchmarks.engine.records import LOG
from tgan.benchmarks.engine.worker import do_job


def work_at_once(monkeypatch) -> None:
    """Have a queue's jobs done by this process as they are handed out, and told of as ever."""
    monkeypatch.setattr(queue, "command_for", lambda part, folders: (part, folders))
    names = ("DEVNULL", "STDOUT", "TimeoutExpired")
    others = {name: getattr(subprocess, name) for name in names}
    monkeypatch.setattr(queue, "subprocess", SimpleNamespace(Popen=_AtOnce, **others))
    monkeypatch.setattr(queue, "PAUSE", 0)


class _AtOnce:
    """A process that has ended by the time that it is there."""

    def __init__(self, command, **_):
        part, folders = command
        self.returncode = 0
        for folder in folders:
            try:
                do_job(folder, part)
            except Exception:
                (folder / LOG).write_text(traceback.format_exc())
                self.returncode = 1
                break

    def poll(self):
        return self.returncode

    def wait(self, seconds=None):
        return self.returncode

    def terminate(self):
        pass

    kill = terminate
