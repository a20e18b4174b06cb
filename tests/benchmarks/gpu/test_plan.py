import json
import subprocess
import sys

import pytest
import torch

from tgan.benchmarks.gpu import plan
from tgan.benchmarks.gpu.page import page
from tgan.benchmarks.gpu.setting import Setting, default_kernels
from tgan.system.precision import set_kernels

CPU = Setting("cpu", quick=True)


@pytest.fixture(autouse=True)
def kernels():
    """The choice of kernels is that of all of PyTorch."""
    with default_kernels():
        yield
    torch.backends.cudnn.benchmark = False


def test_steps_are_timed_over_precisions_and_batches(monkeypatch):
    monkeypatch.setattr(plan, "BATCHES", (4,))
    rows = plan.steps(CPU)
    assert [row["precision"] for row in rows] == ["float32", "TF32", "bf16", "TF32, deterministic"]
    assert all(row["batch"] == 4 and 0 < row["seconds per step"] < 60 for row in rows)


def test_projections_are_timed_on_the_device_and_on_the_cpu():
    rows = plan.projections(CPU)
    names = ["svc, svd", "svc, gram", "svc, matmul", "svc_certified", "parseval"]
    assert [row["projection"] for row in rows] == names
    assert {row["on"] for row in rows} == {"cpu"} and all(row["seconds"] > 0 for row in rows)


def test_what_fails_leaves_the_others_and_kernels_as_they_were(monkeypatch):
    def fail(setting):
        set_kernels(tf32=False, deterministic=True)
        raise RuntimeError("no such kernel\nat some place")

    monkeypatch.setattr(plan, "PLAN", {"one": fail, "other": lambda setting: [{"a": 1.23456}]})
    found = dict(plan.measure(CPU))
    assert found == {"one": [{"failed": "no such kernel"}], "other": [{"a": 1.23456}]}
    assert not torch.are_deterministic_algorithms_enabled()
    text = page({"hardware": "a machine"}, found | {"third": [{"a": 1}, {"b": None}]})
    assert "- hardware: a machine" in text and "## Other\n\n| a |\n|---|\n| 1.235 |" in text
    assert "| a | b |\n|---|---|\n| 1 |  |\n|  |  |" in text


def test_the_median_of_repeated_work_is_taken(monkeypatch):
    clock = iter([0.0, 5.0, 10.0, 11.0, 20.0, 22.0])
    monkeypatch.setattr("tgan.benchmarks.gpu.setting.time.perf_counter", lambda: next(clock))
    done = []
    assert CPU.seconds(lambda: done.append(1), times=3, before=2) == 2.0
    assert len(done) == 5


@pytest.mark.slow
def test_the_tool_writes_both_files_and_overwrites_none(tmp_path):
    command = [sys.executable, "tools/first_hour.py", "--device", "cpu", "--quick"]
    command += ["--out", str(tmp_path / "hour")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "hour.json").read_text())["found"]
    assert list(found) == list(plan.PLAN)
    assert not any("failed" in row for rows in found.values() for row in rows)
    assert "## Demo" in (tmp_path / "hour.md").read_text()
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 2 and "exists" in again.stderr
    assert len(again.stderr.splitlines()) == 1
