"""Processes that end with the one that started them, and not before."""

import os
import signal
import subprocess
import sys
import time

import pytest

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
