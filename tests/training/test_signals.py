"""Signals to whole runs, as terminals, launchers and schedulers send them."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.made.watched import ROOT, SMALL
from tgan.training.checkpoint import find_checkpoint, list_checkpoints

TINY = [
    *SMALL,
    "--data.name=videos",
    "--data.resolution=32",
    "--data.channels=3",
    "--generator.width=8",
    "--train.steps=1000000",
    "--log.preview_every=0",
    "--log.critic_every=0",
    "--log.checkpoint_every=1000000",
    "--log.every=1",
    "--log.trackers=[]",
]
# How often each case of the long tests is tried.
TIMES = int(os.environ.get("TGAN_TIMES", "1"))
# Seconds for a step and a save of networks as small, on a busy machine; schedulers give 30.
SECONDS = 20


def start(run_dir, videos, *, processes=1, workers=0, launched=False):
    """A run in a session of its own, once it is some steps on its way.

    It reads packed videos, as runs of weeks do, and starts sooner than with made ones.
    """
    command = [sys.executable]
    if launched or processes > 1:
        command += ["-m", "accelerate.commands.launch", "--num_processes", str(processes)]
        command += ["--multi_gpu", "--main_process_port", "0"] if processes > 1 else []
        command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    command += ["tools/train.py", *TINY, f"--data.path={videos}"]
    command += [f"--data.workers={workers}", f"--run-dir={run_dir}"]
    log = run_dir.with_suffix(".log").open("w")
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    until(lambda: steps(run_dir) > 3, process, run_dir)
    return process


def until(condition, process, run_dir, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        text = log_of(run_dir)
        assert time.monotonic() < deadline, text
        assert process is None or process.poll() is None, text
        time.sleep(0.05)


def steps(run_dir):
    metrics = run_dir / "metrics.jsonl"
    lines = metrics.read_text().splitlines() if metrics.exists() else []
    return json.loads(lines[-2])["step"] if len(lines) > 1 else 0


def log_of(run_dir):
    return run_dir.with_suffix(".log").read_text()[-3000:]


def alive(run_dir):
    """The processes of a run that are no zombies; a launcher's have sessions of their own."""
    command = ["pgrep", "-f", "--", f"--run-dir={run_dir}( |$)"]
    found = subprocess.run(command, capture_output=True, text=True).stdout.split()
    states = {pid: Path(f"/proc/{pid}/stat") for pid in found}
    return [
        int(pid)
        for pid, stat in states.items()
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    ]


def rank_zero(process):
    """A process that trains, below a launcher."""
    found = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-f", "tools/train.py"], capture_output=True, text=True
    )
    return int(found.stdout.split()[0])


def check(run_dir, process, number, target, *, launched):
    """Send a signal; the run ends in time, saved, said, with its status, and nobody is left.

    Returns the seconds from the signal to the whole checkpoint.
    """
    before, sent = steps(run_dir), time.time()
    if target == "group":
        os.killpg(process.pid, number)
    else:
        os.kill(rank_zero(process) if target == "process" and launched else process.pid, number)
    process.wait(SECONDS + 30)
    until(lambda: not alive(run_dir), None, run_dir, SECONDS)
    text = log_of(run_dir)
    assert find_checkpoint(run_dir).step >= before, text
    assert len(list_checkpoints(run_dir)) == 1
    assert "stopping after this step, saving first" in text, text
    if not launched:
        assert process.returncode == 128 + number, text
        assert "Traceback" not in text
    return find_checkpoint(run_dir).path.stat().st_mtime - sent


@contextlib.contextmanager
def no_survivors(run_dir):
    try:
        yield
    finally:
        for pid in alive(run_dir):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP]
CASES = [
    *itertools.product(SIGNALS, ["process", "group"], [1], [0, 2], [False]),
    *itertools.product(SIGNALS, ["process", "group", "launcher"], [1, 2], [0, 2], [True]),
    *itertools.product([signal.SIGKILL], ["launcher"], [1, 2], [0, 2], [True]),
]


@pytest.mark.slow
@pytest.mark.timeout(200 * (1 + TIMES))
@pytest.mark.parametrize(
    ("number", "target", "processes", "workers", "launched"),
    CASES,
    ids=lambda value: getattr(value, "name", None) or str(value),
)
def test_every_signal_saves(
    tmp_path, labelled_videos, number, target, processes, workers, launched
):
    seconds = []
    for attempt in range(TIMES):
        run_dir = tmp_path / str(attempt)
        process = start(
            run_dir, labelled_videos, processes=processes, workers=workers, launched=launched
        )
        with no_survivors(run_dir):
            seconds.append(check(run_dir, process, number, target, launched=launched))
    print(f" {TIMES} times; saved within {max(seconds):.2f} s at most")
