import os
import re
import socket
import subprocess
import sys
import threading
import time

import pytest

from tgan.system import lock
from tgan.system.lock import LOCK, AtWork, locked

HOLD = """
import sys, time
from tgan.system.lock import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""
FORK = """
import os, sys, time
from tgan.system.lock import locked
with locked(sys.argv[1]):
    if os.fork() == 0:
        time.sleep(600)
    print("held", flush=True)
print("released", flush=True)
"""


def holder(folder, program=HOLD):
    process = subprocess.Popen(
        [sys.executable, "-c", program, folder], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_folder_has_one_holder_at_a_time(tmp_path):
    folder = tmp_path / "run"
    with locked(folder), pytest.raises(AtWork, match="is at work on"), locked(folder):
        pass
    with locked(folder):
        pass


def test_the_holder_is_named(tmp_path):
    process = holder(tmp_path)
    try:
        expected = rf"process {process.pid} on {re.escape(socket.gethostname())} \(since 20"
        with pytest.raises(AtWork, match=expected), locked(tmp_path):
            pass
    finally:
        process.kill()
        process.wait()


def test_a_crash_releases_the_folder(tmp_path):
    process = holder(tmp_path)
    process.kill()
    process.wait()
    assert (tmp_path / LOCK).is_file()
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / LOCK).read_text()


def test_a_child_that_lives_on_does_not_keep_the_folder(tmp_path):
    process = holder(tmp_path, FORK)
    try:
        assert process.stdout.readline() == "released\n"
        with locked(tmp_path):
            pass
    finally:
        subprocess.run(["pkill", "-KILL", "-P", str(process.pid)], check=False)
        process.kill()


def test_waiting_takes_the_folder_when_it_is_free(tmp_path):
    order, said, free = [], [], threading.Event()

    def wait():
        with locked(tmp_path, waits=said.append):
            order.append("second")

    with locked(tmp_path):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not free.wait(0.7)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert len(said) == 1 and str(os.getpid()) in said[0]


def test_a_folder_that_its_holder_deletes_is_made_again(tmp_path):
    folder, waiting, order = tmp_path / "run", threading.Event(), []

    def wait():
        with locked(folder, waits=lambda _: waiting.set()):
            order.append(folder.is_dir())

    with locked(folder):
        thread = threading.Thread(target=wait)
        thread.start()
        assert waiting.wait(60)
    assert not folder.exists()
    thread.join()
    assert order == [True]


def test_nothing_stays_behind(tmp_path):
    with locked(tmp_path / "new" / "run"):
        pass
    assert not (tmp_path / "new" / "run").exists()
    with locked(tmp_path):
        (tmp_path / "result").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["new", "result"]


def test_only_one_of_many_gets_the_folder_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PAUSE", 0.0005)
    inside, most, said = [0], [0], []

    def work():
        for _ in range(20):
            with locked(tmp_path, waits=said.append):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.001)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
