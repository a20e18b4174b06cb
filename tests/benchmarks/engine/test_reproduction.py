"""The script that a failed job leaves, run as a user would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.engine.test_queue import job, make_queue

ROOT = Path(__file__).parents[3]


def reproduced(folder, cwd):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "7"}
    return subprocess.run(
        [sys.executable, str(folder / "reproduce.py")],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
    )


@pytest.fixture
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_a_crash_is_reproduced_and_once_it_is_mended_the_result_printed(tmp_path, at_root):
    make_queue(tmp_path, [job("a", "crash_while", file="broken"), job("b", "add", to=[1])]).run()
    folder = tmp_path / "jobs/fake/a"
    assert not (tmp_path / "jobs/fake/b/reproduce.py").exists()
    again = reproduced(folder, tmp_path)
    assert again.returncode == 1 and again.stderr.endswith("RuntimeError: a bug in 'broken'\n")
    assert "in crash_while" in again.stderr
    (folder / "broken").unlink()
    mended = reproduced(folder, tmp_path)
    # The job's own number of threads; and the benchmark takes no notice.
    assert mended.returncode == 0 and mended.stdout == "{'threads': '1'}\n"
    assert not (folder / "result.json").exists()


def test_training_that_diverged_is_reproduced_too(tmp_path, at_root):
    make_queue(tmp_path, [job("a", "diverge")]).run()
    folder = tmp_path / "jobs/fake/a"
    first, *_ = (folder / "reproduce.py").read_text().splitlines()
    assert first == "# The job fake/a ended with: critic_loss is nan at step 3"
    assert reproduced(folder, tmp_path).stderr.endswith(
        "ArithmeticError: critic_loss is nan at step 3\n"
    )
