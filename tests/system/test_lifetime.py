"""Processes that end with the one that started them, and not before."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from tgan.system.lifetime import STOPS, end_with_parent, held_stops, ignore_stops

# Prints its process id; ends well when it gets SIGTERM, and badly after a while without.
CHILD = """
import os, signal, sys, time
from tgan.system.lifetime import end_with_parent

def stop(*_):
    open(sys.argv[1], "w").write("stopped")
    os._exit(0)

def main(parent):
    signal.signal(signal.SIGTERM, stop)
    end_with_parent(parent)
    print(os.getpid(), flush=True)
    time.sleep(60)
"""
# Each starts a child, and is killed while that one sleeps.
PLAIN = """
import subprocess, sys
code = "from child import main; main(None)"
subprocess.run([sys.executable, "-c", code, sys.argv[1]])
"""
POOL = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from child import main

if __name__ == "__main__":
    ProcessPoolExecutor(1, get_context("spawn")).submit(main, None).result()
"""


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def is_gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def environment(tmp_path):
    """In which the module `child` is found."""
    (tmp_path / "child.py").write_text(CHILD)
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}


@pytest.mark.parametrize("script", [PLAIN, POOL], ids=["plain", "pool"])
def test_a_process_ends_with_a_parent_that_is_killed(tmp_path, environment, script):
    (tmp_path / "parent.py").write_text(script)
    stopped = tmp_path / "stopped"
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py"), str(stopped)],
        stdout=subprocess.PIPE,
        env=environment,
    )
    child = int(parent.stdout.readline())
    time.sleep(0.5)
    assert not is_gone(child) and not stopped.exists()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until(stopped.exists)
    until(lambda: is_gone(child))


def test_a_parent_that_has_ended_already_is_noticed(tmp_path, environment):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    code = f"from child import main; main({ended.pid})"
    child = [sys.executable, "-c", code, str(tmp_path / "stopped")]
    subprocess.run(child, env=environment, timeout=30, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "stopped").exists()


def keep_watch():
    """The parent of `deaf`, itself a child that ends with its parent."""
    end_with_parent()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=deaf)
    process.start()
    process.join()


def deaf():
    ignore_stops()
    end_with_parent(by=signal.SIGKILL)
    time.sleep(60)


def children_of(process):
    listed = subprocess.run(
        ["pgrep", "-P", str(process)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]


def test_a_copy_of_a_process_that_is_watched_is_watched_itself():
    """And one that ignores what asks it to stop ends all the same."""
    parent = multiprocessing.get_context("fork").Process(target=keep_watch)
    parent.start()
    until(lambda: children_of(parent.pid))
    (child,) = children_of(parent.pid)
    time.sleep(0.3)
    for number in STOPS:
        os.kill(child, number)
    time.sleep(0.3)
    assert not is_gone(child)
    parent.kill()
    parent.join()
    until(lambda: is_gone(child))


def ignore_late(end):
    end.send(None)
    end.recv()
    ignore_stops()
    end.send(None)
    end.recv()


def test_signals_that_come_before_a_process_ignores_them_do_no_harm():
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=ignore_late, args=(there,))
    with held_stops():
        process.start()
    here.recv()
    for answer in ("early", "late"):
        for number in STOPS:
            os.kill(process.pid, number)
        here.send(answer)
        if answer == "early":
            here.recv()
    process.join(30)
    assert process.exitcode == 0
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []).isdisjoint(STOPS)
