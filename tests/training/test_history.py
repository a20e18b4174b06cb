import copy
import errno
import json
import os
import signal

import pytest
import torch

from tgan import __version__
from tgan.runs.train import fit_run, prepare_run
from tgan.training.gan import GANTask
from tgan.training.history import HISTORY


def entries(run_dir):
    return [json.loads(line) for line in (run_dir / HISTORY).read_text().splitlines()]


def train(config, run_dir, *, resume=None):
    return fit_run(*prepare_run(config, run_dir, resume=resume))


def test_starts_resumes_and_ends_are_on_record(tiny_config, tmp_path):
    tiny_config.train.steps = 2
    train(tiny_config, tmp_path)
    changed = copy.deepcopy(tiny_config)
    changed.train.steps, changed.critic_optimizer.lr = 3, 0.5
    train(changed, tmp_path, resume="auto")
    start, end, resume, last = entries(tmp_path)
    assert start["event"] == "start" and start["from"] is None and start["until"] == 2
    assert start["changed"] == {} and start["processes"] == 1 and start["device"] == "cpu"
    assert start["versions"] == {"tgan": __version__, "torch": torch.__version__}
    assert end["event"] == "end" and end["by"] == "the last step"
    assert end["checkpoint"] == "step_00000002"
    assert resume["event"] == "resume" and resume["step"] == 2
    assert resume["from"] == str(tmp_path / "checkpoints" / "step_00000002")
    assert resume["changed"] == {
        "critic_optimizer.lr": [tiny_config.critic_optimizer.lr, 0.5],
        "train.steps": [2, 3],
    }
    assert last["checkpoint"] == "step_00000003"


def test_a_signal_and_an_error_are_on_record(tiny_config, tmp_path, monkeypatch):
    step = GANTask.step

    def interrupted(self, number, reals, latents):
        os.kill(os.getpid(), signal.SIGUSR1)
        return step(self, number, reals, latents)

    with monkeypatch.context() as patch:
        patch.setattr(GANTask, "step", interrupted)
        assert train(tiny_config, tmp_path) == signal.SIGUSR1
    assert entries(tmp_path)[-1]["by"] == "SIGUSR1"
    assert entries(tmp_path)[-1]["checkpoint"] == "step_00000001"

    def failing(self, number, reals, latents):
        raise ArithmeticError("a loss is nan")

    monkeypatch.setattr(GANTask, "step", failing)
    with pytest.raises(ArithmeticError):
        train(tiny_config, tmp_path, resume="auto")
    assert entries(tmp_path)[-1]["by"] == "ArithmeticError: a loss is nan"


def test_a_finished_run_that_is_asked_to_go_on_leaves_no_trace(tiny_config, tmp_path):
    train(tiny_config, tmp_path)
    before = (tmp_path / HISTORY).read_bytes()
    train(tiny_config, tmp_path, resume="auto")
    assert (tmp_path / HISTORY).read_bytes() == before


def test_a_record_that_cannot_be_written_ends_no_run(tiny_config, tmp_path, monkeypatch, capsys):
    def full(path, line):
        raise OSError(errno.ENOSPC, "No space left on device")

    tiny_config.train.steps = 2
    monkeypatch.setattr("tgan.training.history.append_line", full)
    assert train(tiny_config, tmp_path) == 0
    error = capsys.readouterr().err
    assert error.count("history.jsonl' was not written: No space left on device") == 2
