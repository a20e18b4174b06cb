"""A part of a benchmark whose jobs do what their settings say."""

import os
import signal
import sys
import time

from tgan.benchmarks.engine.jobs import Job


class Fake:
    """The jobs given, and then one more that its first two decide."""

    def __init__(self, jobs=()):
        self.given = list(jobs)

    def jobs(self, plan, results):
        done = [results.get(job.name) for job in self.given]
        if None in done:
            return self.given
        return [*self.given, Job("fake/last", {"do": "add", "to": [len(done)]})]

    def run(self, job, folder):
        with (folder / "attempts").open("a") as file:
            file.write("x")
        return getattr(self, job.settings["do"])(job.settings, folder)

    def add(self, settings, folder):
        begin = time.time()
        time.sleep(settings.get("seconds", 0))
        print(f"adding up {settings['to']}")
        about = {"begin": begin, "end": time.time(), "process": os.getpid()}
        return {"sum": sum(settings["to"]), "threads": os.environ["OMP_NUM_THREADS"]} | about

    def diverge(self, settings, folder):
        raise ArithmeticError("critic_loss is nan at step 3")

    def divide(self, settings, folder):
        return {"sum": 1 // 0}

    def not_finite(self, settings, folder):
        return {"sum": float("nan")}

    def crash_once(self, settings, folder):
        if (folder / "attempts").read_text() == "x":
            print("about to fail")
            raise RuntimeError("a bug")
        return {"sum": 0}

    def crash_while(self, settings, folder):
        """Crashes as long as a file that its first attempt makes is there."""
        path = folder / settings["file"]
        if (folder / "attempts").read_text() == "x":
            path.touch()
        if path.exists():
            raise RuntimeError(f"a bug in '{path.name}'")
        return {"threads": os.environ["OMP_NUM_THREADS"]}

    def killed(self, settings, folder):
        os.kill(os.getpid(), signal.SIGKILL)

    def wait(self, settings, folder):
        """Ends well on its second attempt only; says that it was asked to stop."""
        if (folder / "attempts").read_text() == "xx":
            return {"sum": 2}
        signal.signal(signal.SIGTERM, lambda *_: (folder / "stopped").touch() or sys.exit(1))
        (folder / "waiting").write_text(str(os.getpid()))
        time.sleep(30)
        return {}
