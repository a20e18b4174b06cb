import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.made.fake_part import Fake
from tgan.benchmarks.engine.jobs import Job
from tgan.benchmarks.engine.queue import Queue

ROOT = Path(__file__).parents[3]


class Lines:
    """Remembers what it is told."""

    def __init__(self):
        self.plans, self.started_names, self.outcomes, self.closed = [], [], {}, 0

    def planned(self, done, total):
        self.plans.append((done, total))

    def started(self, name):
        self.started_names.append(name)

    def ended(self, name, seconds, outcome):
        self.outcomes[name] = outcome

    def close(self):
        self.closed += 1


def job(name, do, *, alone=False, **settings):
    return Job(f"fake/{name}", {"do": do, **settings}, alone=alone)


def make_queue(out, jobs, **options):
    return Queue({"fake": Fake(jobs)}, None, out=out, observer=Lines(), **options)


def attempts(out, name):
    return len((out / "jobs" / "fake" / name / "attempts").read_text())


@pytest.fixture(autouse=True)
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_jobs_are_done_and_what_they_decide_follows(tmp_path):
    records = []
    queue = make_queue(
        tmp_path,
        [job("a", "add", to=[1, 2]), job("deep/b", "add", to=[3])],
        processes=2,
        threads=3,
        made_by={"commit": "abc"},
        record=lambda queue: records.append(sorted(queue.results["fake"])),
    )
    queue.run()
    results = queue.results["fake"]
    assert {name: r["sum"] for name, r in results.items()} == {
        "fake/a": 3,
        "fake/deep/b": 3,
        "fake/last": 2,
    }
    assert {result["threads"] for result in results.values()} == {"3"}
    assert json.loads((tmp_path / "jobs/fake/deep/b/result.json").read_text())["sum"] == 3
    assert queue.observer.plans[0] == (0, 2) and queue.observer.plans[-1] == (3, 3)
    assert records[0] == [] and records[-1] == sorted(results)
    assert queue.makers == {name: {"commit": "abc"} for name in results}
    assert queue.crashed == {} and set(queue.observer.outcomes.values()) == {"done"}


def test_what_is_done_is_not_done_again(tmp_path):
    jobs = [job("a", "add", to=[1]), job("b", "diverge")]
    for commit in ("abc", "def"):
        queue = make_queue(tmp_path, jobs, made_by={"commit": commit})
        queue.run()
        assert queue.results["fake"]["fake/b"] == {"failed": "critic_loss is nan at step 3"}
    assert queue.observer.plans == [(3, 3)]
    assert {maker["commit"] for maker in queue.makers.values()} == {"abc"}
    assert [attempts(tmp_path, name) for name in ("a", "b", "last")] == [1, 1, 1]


def test_a_job_that_diverges_or_crashes_harms_no_other(tmp_path):
    jobs = [
        job("diverges", "diverge"),
        job("divides", "divide"),
        job("nan", "not_finite"),
        job("crashes", "crash_once"),
        job("killed", "killed"),
        job("fine", "add", to=[1]),
    ]
    queue = make_queue(tmp_path, jobs, processes=2)
    queue.run()
    assert sorted(queue.results["fake"]) == ["fake/diverges", "fake/fine"]
    assert queue.crashed.keys() == {f"fake/{n}" for n in ("divides", "nan", "crashes", "killed")}
    assert queue.crashed["fake/crashes"] == "RuntimeError: a bug"
    assert "ZeroDivisionError" in queue.crashed["fake/divides"]
    assert "not JSON compliant" in queue.crashed["fake/nan"]
    assert queue.crashed["fake/killed"] == "ended by SIGKILL"
    assert queue.observer.outcomes["fake/diverges"].startswith("diverged: critic_loss is nan")
    assert "about to fail" in (tmp_path / "jobs/fake/crashes/log.txt").read_text()
    # What crashed decides nothing, and is tried anew by the next queue; what diverged is not.
    assert not (tmp_path / "jobs/fake/last").exists()
    again = make_queue(tmp_path, [jobs[0], jobs[3], jobs[5]])
    again.run()
    assert again.crashed == {} and again.results["fake"]["fake/last"]["sum"] == 3
    assert attempts(tmp_path, "crashes") == 2 and attempts(tmp_path, "diverges") == 1


def test_a_job_that_takes_times_has_the_machine_to_itself(tmp_path):
    jobs = [job(name, "add", to=[], seconds=0.3) for name in ("a", "b")]
    jobs.insert(1, job("timing", "add", alone=True, to=[], seconds=0.3))
    queue = make_queue(tmp_path, jobs, processes=2)
    queue.run()
    timing, a, b = (queue.results["fake"][f"fake/{name}"] for name in ("timing", "a", "b"))
    assert timing["end"] <= min(a["begin"], b["begin"])
    assert max(a["begin"], b["begin"]) < min(a["end"], b["end"])


def test_short_jobs_are_done_by_the_same_process_each_with_a_log_of_its_own(tmp_path):
    jobs = [job(name, "add", to=[number]) for number, name in enumerate("abcde")]
    queue = make_queue(tmp_path, jobs, processes=2, together=3)
    queue.run()
    results = queue.results["fake"]
    processes = [results[f"fake/{name}"]["process"] for name in "abcde"]
    # Of five that wait for two processes the first gets three, and the next one of two.
    assert processes[0] == processes[1] == processes[2]
    assert len(set(processes)) == 3
    assert [results[f"fake/{name}"]["sum"] for name in "abcde"] == [0, 1, 2, 3, 4]
    for number, name in enumerate("abcde"):
        log = (tmp_path / f"jobs/fake/{name}/log.txt").read_text()
        assert log == f"adding up [{number}]\n"
    assert sorted(queue.observer.started_names) == sorted(results)
    assert queue.observer.outcomes == dict.fromkeys(results, "done")


def test_a_job_that_crashes_costs_those_after_it_in_its_process_nothing(tmp_path):
    jobs = [job("a", "add", to=[1]), job("b", "crash_once"), job("c", "add", to=[2])]
    queue = make_queue(tmp_path, jobs, together=3)
    queue.run()
    assert queue.crashed == {"fake/b": "RuntimeError: a bug"}
    sums = {name: result["sum"] for name, result in queue.results["fake"].items()}
    assert sums == {"fake/a": 1, "fake/c": 2}
    assert [attempts(tmp_path, name) for name in "abc"] == [1, 1, 1]
    assert queue.observer.plans[-1] == (3, 3)


def test_a_job_that_takes_times_is_never_one_of_many(tmp_path):
    jobs = [job(name, "add", alone=True, to=[]) for name in ("a", "b")] + [job("c", "add", to=[])]
    queue = make_queue(tmp_path, jobs, together=3)
    queue.run()
    assert len({queue.results["fake"][f"fake/{name}"]["process"] for name in "abc"}) == 3


def test_a_job_of_other_settings_is_not_taken_for_this_one(tmp_path):
    make_queue(tmp_path, [job("a", "add", to=[1])]).run()
    with pytest.raises(ValueError, match=r"other settings \(to was \[1\] and is \[2\]\)"):
        make_queue(tmp_path, [job("a", "add", to=[2])]).run()


def test_interrupted_it_stops_its_processes_and_goes_on_later(tmp_path):
    waiting = tmp_path / "jobs/fake/slow/waiting"

    class Interrupts(Lines):
        def ended(self, name, seconds, outcome):
            while not waiting.exists():
                time.sleep(0.01)
            raise KeyboardInterrupt

    jobs = [job("slow", "wait"), job("a", "add", to=[1])]
    queue = make_queue(tmp_path, jobs, processes=2)
    queue.observer = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        queue.run()
    assert (waiting.parent / "stopped").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(waiting.read_text()), 0)
    queue = make_queue(tmp_path, jobs)
    queue.run()
    assert queue.results["fake"]["fake/slow"] == {"sum": 2}
    assert attempts(tmp_path, "slow") == 2 and attempts(tmp_path, "a") == 1


def test_a_queue_that_is_killed_takes_its_processes_with_it(tmp_path):
    code = f"""
from pathlib import Path
from tests.benchmarks.engine.test_queue import job, make_queue
make_queue(Path({str(tmp_path)!r}), [job("slow", "wait")]).run()
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    waiting = tmp_path / "jobs/fake/slow/waiting"
    until(waiting.exists)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until((waiting.parent / "stopped").exists)


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)
