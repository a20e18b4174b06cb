"""Runs on a GPU: from the command to files, and back on a CPU."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from tests.training.test_processes import TINY
from tgan.cli import main
from tgan.runs.trained import load
from tgan.training.checkpoint import find_checkpoint


@pytest.fixture
def run(gpu, tmp_path):
    """A run of three steps on the GPU."""
    folder = tmp_path / "run"
    main(["train", "--run-dir", str(folder), "--device", str(gpu), *TINY])
    return folder


def test_what_is_trained_on_a_gpu_loads_on_a_cpu_and_back(gpu, run):
    here, there = (load(run, device=device) for device in ("cpu", str(gpu)))
    videos = [each.sample(range(4)) for each in (here, there)]
    assert videos[0].shape == videos[1].shape
    # Pixels are rounded.
    assert np.abs(videos[0].astype(int) - videos[1].astype(int)).max() <= 1
    for device in ("cpu", str(gpu)):
        argv = ["train", "--run-dir", str(run), "--resume", "auto", "--device", device]
        steps = find_checkpoint(run).step + 1
        main([*argv, f"--train.steps={steps}"])
        assert find_checkpoint(run).step == steps


def test_a_resumed_run_is_equal_to_the_bit_where_kernels_are_deterministic(gpu, tmp_path):
    argv = ["--device", str(gpu), *TINY, "--train.deterministic=true"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    main(["train", "--run-dir", str(whole), *argv, "--train.steps=4"])
    main(["train", "--run-dir", str(parts), *argv, "--train.steps=2"])
    main(
        ["train", "--run-dir", str(parts), "--device", str(gpu), "--resume=auto", "--train.steps=4"]
    )
    for name in ("generator.safetensors", "critic.safetensors"):
        one, other = (
            (folder / "checkpoints" / "step_00000004" / name).read_bytes()
            for folder in (whole, parts)
        )
        assert one == other


def test_commands_take_the_device(gpu, run, tmp_path):
    device = ["--device", str(gpu)]
    main(["generate", str(run), "--seeds", "0-3", "--out", str(tmp_path / "a.mp4"), *device])
    assert (tmp_path / "a.mp4").stat().st_size
    report = tmp_path / "e.json"
    argv = ["evaluate", str(run), "--samples", "16", "--metrics", "frechet_pooled192"]
    main([*argv, "--json", str(report), *device])
    assert json.loads(report.read_text())


def test_out_of_memory_is_one_line(gpu, tmp_path, capsys):
    if gpu.type != "cuda":
        pytest.skip("a processor's memory is not to be used up")
    large = ["--generator.width=4096", "--train.batch_size=4096", "--data.resolution=256"]
    with pytest.raises(SystemExit) as end:
        main(["train", "--run-dir", str(tmp_path / "run"), "--device", "cuda", *TINY, *large])
    assert end.value.code
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_sigterm_saves_with_workers(gpu, tmp_path):
    folder = tmp_path / "run"
    argv = ["train", "--run-dir", str(folder), "--device", str(gpu), *TINY]
    argv += ["--train.steps=100000", "--data.workers=2"]
    process = subprocess.Popen([sys.executable, "-m", "tgan", *argv], start_new_session=True)
    until = time.monotonic() + 120
    while time.monotonic() < until and not (folder / "metrics.jsonl").is_file():
        time.sleep(0.2)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM or process.returncode == 143
    assert find_checkpoint(folder).step > 0


def test_two_gpus_train_what_one_does(gpu, tmp_path):
    if gpu.type != "cuda" or torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    metrics = []
    for count in (1, 2):
        folder = tmp_path / str(count)
        launcher = [sys.executable, "-m", "accelerate.commands.launch"]
        launcher += ["--multi_gpu"] if count > 1 else []
        launcher += ["--num_processes", str(count), "tools/train.py"]
        argv = ["--run-dir", str(folder), *TINY, "--train.steps=50", "--train.tf32=false"]
        subprocess.run([*launcher, *argv], check=True)
        lines = (folder / "metrics.jsonl").read_text().splitlines()
        metrics.append([json.loads(line)["critic_gap"] for line in lines])
    assert metrics[1][:3] == pytest.approx(metrics[0][:3], rel=1e-3)
