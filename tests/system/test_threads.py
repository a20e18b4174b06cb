"""Work in threads: in order, and left at once."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tgan.system.threads import call_in_thread, map_in_threads


def test_results_come_in_order_from_several_threads():
    def slow_first(number):
        time.sleep(0.05 if number == 0 else 0)
        return number, threading.get_ident()

    found = list(map_in_threads(slow_first, range(200)))
    assert [number for number, _ in found] == list(range(200))
    assert len({thread for _, thread in found}) > 1
    assert list(map_in_threads(slow_first, [])) == []


def test_an_error_comes_in_its_turn_and_nothing_is_begun_after_it():
    begun = []

    def broken(number):
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        time.sleep(0.01)
        return number

    results, found = map_in_threads(broken, range(100_000)), []
    with pytest.raises(ValueError, match="three"):
        for result in results:
            found.append(result)
    assert found == [0, 1, 2]
    time.sleep(0.1)
    count = len(begun)
    time.sleep(0.1)
    assert len(begun) == count < 100_000


def test_a_call_in_a_thread_gives_and_raises_what_it_does_here():
    assert call_in_thread(lambda: threading.get_ident()) != threading.get_ident()
    with pytest.raises(KeyError, match="mine"):
        call_in_thread(lambda: {}["mine"])


PROGRAM = """
import time
from tgan.system.threads import map_in_threads

def work(number):
    print(number, flush=True)
    time.sleep(600)

try:
    list(map_in_threads(work, range(1000)))
except KeyboardInterrupt:
    raise SystemExit(130)
"""


def test_ctrl_c_waits_for_no_thread():
    path = os.pathsep.join(part or "." for part in sys.path)
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    )
    program.stdout.readline()
    program.send_signal(signal.SIGINT)
    # Not ten minutes.
    assert program.wait(30) == 130
