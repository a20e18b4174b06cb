"""Runs in processes of their own, and what those take of memory, handles and threads."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
# The smallest networks that train, on digits at 8x8, with little written beside.
SMALL = [
    "--config=configs/demo_paper.yaml",
    # Whatever the processor.
    "--train.mixed_precision=no",
    "--data.resolution=8",
    "--data.num_clips=40",
    "--generator.width=4",
    "--generator.temporal_width=8",
    "--generator.z_slow=4",
    "--generator.z_fast=4",
    "--critic.width=2",
    "--train.batch_size=4",
    "--log.distance_clips=0",
]
LAUNCHER = [
    *("-m", "accelerate.commands.launch", "--multi_gpu", "--main_process_port=0"),
    *("--num_machines=1", "--mixed_precision=no", "--dynamo_backend=no", "--num_processes"),
]
# Seconds for a process to go after its end was asked for, on a busy machine.
GRACE = 30
# Samples that a series needs to be judged, in each of its thirds.
LEAST_SAMPLES = 10


@dataclass(frozen=True)
class Sample:
    """What a process took at a moment.

    Attributes:
        step: the last one that its run has logged.
        resident: bytes in memory.
        private: those of them that no file holds, so that the system cannot take them back.
        handles: open files, pipes and sockets.
    """

    step: int
    resident: int
    private: int
    handles: int
    threads: int


class Watched:
    """`tgan train` in a session of its own, of whose main process a sample is taken each second.

    Args:
        processes: how many `accelerate launch` starts; it is not asked for one.

    Example:
        >>> run = Watched(tmp_path / "run", "--resume=auto", "--train.steps=100")
        >>> run.end(signal.SIGTERM)
        143
    """

    def __init__(self, run_dir: Path, *options: str, processes: int = 1) -> None:
        self.run_dir = run_dir
        self.log = run_dir.with_suffix(".log")
        launcher = LAUNCHER if processes > 1 else []
        with self.log.open("a") as file:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, *launcher, *([str(processes)] if launcher else [])),
                    *("tools/train.py", *SMALL, f"--run-dir={run_dir}", *options),
                ],
                cwd=ROOT,
                stdout=file,
                stderr=file,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            )
        self.begun = time.monotonic()
        self.seconds = 0.0
        self.samples: list[Sample] = []
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def end(self, number: int, seconds: float = GRACE) -> int:
        """Send a signal to the main process, unless that has ended, and wait; return its status.

        What it takes while it ends is not sampled.
        """
        self._done.set()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        """Wait for the end of the main process, and return its status."""
        status = self.process.wait(seconds)
        self.seconds = time.monotonic() - self.begun
        self._done.set()
        self._watcher.join()
        return status

    def survivors(self) -> list[int]:
        """The run's processes that are still there some time after its end."""
        until = time.monotonic() + GRACE
        while (alive := session(self.process.pid)) and time.monotonic() < until:
            time.sleep(0.1)
        return alive

    def kill(self) -> None:
        """End whatever is left of the session."""
        for pid in session(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._done.set()

    def text(self) -> str:
        """The end of its log."""
        return self.log.read_text()[-3000:]

    def _watch(self) -> None:
        while not self._done.wait(1):
            with suppress(OSError, KeyError):
                self.samples.append(_sample(self.process.pid, last_step(self.run_dir)))


def session(leader: int) -> list[int]:
    """The processes of a session that are no zombies."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,stat=", "--sid", str(leader)], capture_output=True, text=True
    ).stdout
    rows = (line.split() for line in listed.splitlines())
    return [int(pid) for pid, state in rows if not state.startswith("Z")]


def last_step(run_dir: Path) -> int:
    """The last step that a run has logged, 0 for none."""
    path = run_dir / "metrics.jsonl"
    if not path.is_file():
        return 0
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 2000, 0))
        lines = file.read().decode().splitlines()
    for line in reversed(lines):
        # One may be in the middle of being written.
        with suppress(ValueError, KeyError, TypeError):
            return json.loads(line)["step"]
    return 0


def _sample(pid: int, step: int) -> Sample:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    handles = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resident, private = (1024 * int(status[key].split()[0]) for key in ("VmRSS", "RssAnon"))
    return Sample(step, resident, private, handles, int(status["Threads"]))


def judged(samples: list[Sample], *, warm: int) -> dict[str, float] | None:
    """What grew from the first third of the samples to the last, None if they are too few.

    Args:
        warm: samples before so many steps beyond the first do not count.

    Returns:
        `resident` and `private`, the growth of the median as a share; `handles` and `threads`,
        that of the least number, which is what stays when nothing is at work.
    """
    start = samples[0].step if samples else 0
    counted = [sample for sample in samples if sample.step >= start + warm]
    third = len(counted) // 3
    if third < LEAST_SAMPLES:
        return None
    first, last = counted[:third], counted[-third:]
    grown = {}
    for name in ("resident", "private"):
        before, after = (np.median([getattr(s, name) for s in part]) for part in (first, last))
        grown[name] = float(after / before - 1)
    for name in ("handles", "threads"):
        least = [min(getattr(sample, name) for sample in part) for part in (first, last)]
        grown[name] = least[1] - least[0]
    return grown
