"""A benchmark from its first job to its report, in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.engine.test_queue import job, make_queue, until
from tgan.benchmarks.engine.completion import complete
from tgan.system.lock import locked

ROOT = Path(__file__).parents[3]
PROGRAM = """
from pathlib import Path
from tests.benchmarks.engine.test_queue import job, make_queue
from tgan.benchmarks.engine.completion import complete

queue = make_queue(Path({out!r}), [job("a", "add", to=[1]), job("slow", "wait")])
try:
    complete(queue, lambda: print(sorted(queue.results["fake"])))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.fixture(autouse=True)
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_all_is_done_and_reported_and_crashes_are_named_last(tmp_path):
    queue = make_queue(tmp_path, [job("a", "add", to=[1]), job("b", "crash_once")])
    reports = []
    message = "1 job crashed .fake/b.; .* reproduce.py does it by itself"
    with pytest.raises(ChildProcessError, match=message):
        complete(queue, lambda: reports.append(sorted(queue.results["fake"])))
    assert reports == [["fake/a"]] and queue.observer.closed == 1
    again = make_queue(tmp_path, [job("a", "add", to=[1]), job("b", "crash_once")])
    complete(again, lambda: reports.append(sorted(again.results["fake"])))
    assert reports[1] == ["fake/a", "fake/b", "fake/last"]


def test_somebody_else_s_benchmark_is_left_alone(tmp_path):
    queue = make_queue(tmp_path, [job("a", "add", to=[1])])
    with locked(tmp_path), pytest.raises(ValueError, match="is at work on"):
        complete(queue, lambda: None)
    assert not (tmp_path / "jobs").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_interrupted_it_reports_on_what_is_done(tmp_path, number):
    out = tmp_path / "out"
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(out=str(out))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    until((out / "jobs/fake/slow/waiting").exists)
    program.send_signal(number)
    told, error = program.communicate(timeout=60)
    assert told.splitlines() == ["['fake/a']", "interrupted"]
    assert "the same command goes on" in error
    assert (out / "jobs/fake/slow/stopped").exists()
