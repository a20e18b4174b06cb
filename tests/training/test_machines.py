"""Runs of two machines, as far as one can be two: launchers and directories of their own each."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.made.forked import ended, free_port, start
from tests.made.launched import ROOT, ranks_of
from tests.made.launched import start as start_launcher
from tests.made.watched import SMALL
from tgan.cli import main
from tgan.training.checkpoint import find_checkpoint

TINY = [*SMALL, "--log.preview_every=0", "--log.critic_every=0", "--log.trackers=[]"]
TINY += ["--log.every=1", "--train.timeout=60"]


class Machines:
    """Two launchers, of one process each, that make one run; the second meets the first's.

    Args:
        folder: has a directory for each, where they keep their run.
    """

    def __init__(self, folder, *options):
        self.folder, self.port = folder, free_port()
        self.launchers = [self._launch(rank, options) for rank in range(2)]

    def _launch(self, rank, options):
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"),
                *("--num_machines=2", f"--machine_rank={rank}", "--num_processes=2"),
                *("--main_process_ip=127.0.0.1", f"--main_process_port={self.port}"),
                *("--mixed_precision=no", "--dynamo_backend=no"),
                *("tools/train.py", *TINY, f"--run-dir={self.run_dir(rank)}", *options),
            ],
            cwd=ROOT,
            stdout=self.log(rank).open("a"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )

    def run_dir(self, rank):
        return self.folder / f"machine{rank}" / "run"

    def log(self, rank):
        path = self.folder / f"{rank}.log"
        path.touch()
        return path

    def text(self, rank):
        return self.log(rank).read_text()

    def ours(self, rank):
        return [line for line in self.text(rank).splitlines() if line.startswith("tgan train: ")]

    def ended(self, seconds=150):
        """The statuses of both launchers."""
        return [launcher.wait(seconds) for launcher in self.launchers]

    def until_step(self, step, seconds=150):
        """Wait until a step is on record."""
        metrics = self.run_dir(0) / "metrics.jsonl"
        deadline = time.monotonic() + seconds
        while not metrics.exists() or steps_of(metrics) < step:
            assert time.monotonic() < deadline, self.text(0) + self.text(1)
            assert all(launcher.poll() is None for launcher in self.launchers), self.text(0)
            time.sleep(0.1)

    def worker(self, rank):
        """The process that trains on a machine."""
        command = ["pgrep", "-P", str(self.launchers[rank].pid), "-f", "tools/train.py"]
        return int(subprocess.run(command, capture_output=True, text=True).stdout.split()[0])


def steps_of(metrics):
    lines = metrics.read_text().splitlines()[:-1]
    return max((json.loads(line)["step"] for line in lines), default=0)


@pytest.fixture
def machines(tmp_path):
    """What starts a run of two machines; whatever is left of it at the end is ended."""
    started = []

    def launch(*options):
        started.append(Machines(tmp_path, *options))
        return started[-1]

    for rank in range(2):
        (tmp_path / f"machine{rank}").mkdir()
    yield launch
    for each in started:
        for launcher in each.launchers:
            if launcher.poll() is None:
                os.killpg(launcher.pid, signal.SIGKILL)


def test_of_two_machines_the_first_keeps_all(tmp_path):
    """The quick form: each process is the first of its machine, and has a directory there."""
    log = tmp_path / "log"

    def work():
        rank, os.environ["LOCAL_RANK"] = os.environ["RANK"], "0"
        main(["train", *TINY, "--train.steps=2", f"--run-dir={tmp_path}/machine{rank}"])

    assert ended(start(work, 2, log), 120) == [0, 0], log.read_text()
    assert "hardware: 2 x cpu" in log.read_text()
    assert find_checkpoint(tmp_path / "machine0").step == 2
    assert not (tmp_path / "machine1").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_machines_make_one_run_of_which_the_first_keeps_all(machines):
    run = machines("--train.steps=2")
    assert run.ended() == [0, 0], run.text(0) + run.text(1)
    assert "hardware: 2 x cpu" in run.text(0) and "hardware" not in run.text(1)
    assert find_checkpoint(run.run_dir(0)).step == 2
    assert not list((run.folder / "machine1").iterdir())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_a_run_goes_on_from_has_to_be_on_every_machine(machines):
    run = machines("--train.steps=2")
    assert run.ended() == [0, 0]
    run = machines("--train.steps=4", "--resume=auto")
    assert 0 not in run.ended()
    for rank in range(2):
        (line,) = run.ours(rank)
        assert line.startswith("tgan train: process 1 is at odds with process 0: no checkpoint at")
    assert not list((run.folder / "machine1").iterdir())
    newest = find_checkpoint(run.run_dir(0)).path.relative_to(run.run_dir(0))
    shutil.copytree(run.run_dir(0) / newest, run.run_dir(1) / newest)
    copied = sorted(run.run_dir(1).rglob("*"))
    run = machines("--train.steps=4", "--resume=auto")
    assert run.ended() == [0, 0], run.text(0)
    assert find_checkpoint(run.run_dir(0)).step == 4
    assert sorted(run.run_dir(1).rglob("*")) == copied
    # One that another run left is told, too.
    other = run.run_dir(1) / "checkpoints" / "step_00000004"
    shutil.copytree(run.run_dir(0) / "checkpoints" / "step_00000002", other)
    run = machines("--train.steps=6", "--resume=auto")
    assert 0 not in run.ended()
    assert "at odds with process 0" in run.ours(0)[-1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_signal_to_one_machine_saves_on_the_first_and_ends_both(machines):
    run = machines("--train.steps=1000000")
    run.until_step(2)
    run.launchers[1].send_signal(signal.SIGTERM)
    assert 0 not in run.ended(60)
    assert "SIGTERM: stopping after this step, saving first" in run.text(0)
    assert find_checkpoint(run.run_dir(0)).step >= 2
    assert "at odds" not in run.text(0) and not run.ours(0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_machine_that_is_lost_ends_the_others_in_a_line(machines):
    run = machines("--train.steps=1000000", "--log.checkpoint_every=2")
    run.until_step(4)
    worker = run.worker(1)
    os.kill(run.launchers[1].pid, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    assert run.launchers[0].wait(90) != 0
    assert run.ours(0) == ["tgan train: another process of this run failed"]
    assert find_checkpoint(run.run_dir(0)).step >= 2


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rendezvous", ["static", "c10d"])
@pytest.mark.parametrize("killed", [0, 1])
def test_a_launcher_that_may_restart_goes_on_from_the_last_checkpoint(tmp_path, killed, rendezvous):
    """Twice: the processes that it starts again meet where those that are gone met."""
    run_dir = tmp_path / "run"
    options = [*TINY, f"--run-dir={run_dir}", "--train.steps=90", "--log.checkpoint_every=2"]
    restarts = ["--max_restarts", 3, "--rdzv_backend", rendezvous, "--monitor_interval", 0.5]
    launcher = start_launcher(2, "tools/train.py", *options, "--resume=auto", options=restarts)
    for step in (2, 30):
        deadline = time.monotonic() + 150
        while last_step(run_dir) < step:
            assert launcher.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(ranks_of(launcher.pid)[killed], signal.SIGKILL)
    _, error = launcher.communicate(timeout=300)
    assert launcher.returncode == 0, error[-3000:]
    assert find_checkpoint(run_dir).step == 90
    events = [json.loads(line) for line in (run_dir / "history.jsonl").open()]
    starts = [event["event"] for event in events if event["event"] != "end"]
    assert starts == ["start", "resume", "resume"]


def last_step(run_dir):
    """That of the newest checkpoint; 0 where there is none."""
    found = [int(path.name[5:]) for path in (run_dir / "checkpoints").glob("step_*[0-9]")]
    return max(found, default=0)
