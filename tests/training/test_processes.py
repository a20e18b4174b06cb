import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tgan.training.checkpoint import find_checkpoint
from tgan.training.processes import make_accelerator

ROOT = Path(__file__).parents[2]
PAIRS = ["simultaneous:wasserstein", "simultaneous:hinge", "alternating:relativistic"]


def launch(processes: int, *command, **environment) -> subprocess.CompletedProcess:
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", processes]
    if processes > 1:
        launcher += ["--multi_gpu", "--main_process_port", 0]
    launcher += ["--num_machines", 1, "--mixed_precision", "no", "--dynamo_backend", "no"]
    return subprocess.run(
        [str(part) for part in [*launcher, *command]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment,
    )


def relative(a, b) -> float:
    a, b = np.array(a), np.array(b)
    return float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-12))


# Before a batch norm a bias has no effect, so its gradient is rounding noise that RMSProp blows
# up to full steps; it moves nothing but the running mean.
WITHOUT_EFFECT = ("deconvs.0.bias", "deconvs.1.bias", "deconvs.2.bias", "deconvs.3.bias")
WITHOUT_EFFECT += ("convs.1.bias", "convs.2.bias", "running_mean")


def test_two_processes_train_what_one_does(tmp_path):
    worker = ROOT / "tests" / "training" / "float64_worker.py"
    results = {}
    for processes in (1, 2):
        done = launch(processes, worker, tmp_path / str(processes), *PAIRS)
        assert done.returncode == 0, done.stderr[-3000:]
        for rank in range(processes):
            path = tmp_path / f"{processes}.{rank}"
            results[processes, rank] = json.loads(path.read_text())
    for pair in PAIRS:
        one, first, second = (results[key][pair] for key in [(1, 0), (2, 0), (2, 1)])
        assert (one["num_processes"], first["num_processes"]) == (1, 2)
        assert first["weights"] == second["weights"], pair
        assert relative(one["losses"], first["losses"]) < 1e-9, pair
        for name, value in one["weights"].items():
            if not name.endswith(WITHOUT_EFFECT):
                assert relative(value, first["weights"][name]) < 1e-7, (pair, name)


def test_two_processes_run_the_tool_and_leave_one_run(tmp_path):
    settings = [
        "--data.resolution=32",
        "--data.channels=1",
        "--generator.width=16",
        "--generator.temporal_width=8",
        "--critic.width=4",
        "--train.batch_size=4",
        "--train.steps=3",
        "--log.every=1",
        "--log.trackers=[]",
    ]
    metrics = {}
    for processes in (1, 2):
        run_dir = tmp_path / str(processes)
        done = launch(processes, "tools/train.py", "--run-dir", run_dir, *settings)
        assert done.returncode == 0, done.stderr[-3000:]
        assert f"hardware: {processes} x cpu" in done.stdout
        lines = (run_dir / "metrics.jsonl").read_text().splitlines()
        metrics[processes] = [json.loads(line) for line in lines]
        assert find_checkpoint(run_dir).step == 3
    assert [line["step"] for line in metrics[2]] == [1, 2, 3]
    for a, b in zip(metrics[1], metrics[2], strict=True):
        assert b["critic_gap"] == pytest.approx(a["critic_gap"], rel=1e-3)


def test_processes_that_do_not_find_each_other_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    alone = SimpleNamespace(num_processes=1, device=torch.device("cpu"))
    monkeypatch.setattr("tgan.training.processes.Accelerator", lambda **settings: alone)
    with pytest.raises(ValueError, match="2 processes were launched but 1 found"):
        make_accelerator()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_fp16_is_refused_without_cuda():
    with pytest.raises(ValueError, match="fp16 needs a CUDA device"):
        make_accelerator(mixed_precision="fp16")


def test_bf16_computes_in_bf16_and_answers_in_float32():
    from tgan.benchmarks.step import Sizes, make_networks, make_task

    torch.manual_seed(0)
    sizes = Sizes(generator_width=32, critic_width=8, channels=1)
    seen = []
    generator, critic = make_networks(sizes)
    critic.convs[1].register_forward_hook(lambda m, i, out: seen.append(out.dtype))
    task = make_task(generator, critic, mixed_precision="bf16")
    z, real = torch.rand(2, 100), torch.rand(2, 1, 16, 64, 64)
    terms = task.step(0, iter([real]), iter([z]))
    assert set(seen) == {torch.bfloat16}
    assert all(value.dtype == torch.float32 for value in terms.values())
    assert all(p.dtype == torch.float32 for p in critic.parameters())
