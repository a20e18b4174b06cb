import json
import math
import subprocess
import sys
from itertools import repeat
from pathlib import Path

import pytest
import torch
from torch import nn

from tgan.benchmarks.flow import yardstick
from tgan.benchmarks.flow.flow import for_seconds, sample_flow, train_flow
from tgan.benchmarks.flow.unet import UNet3d

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("size", [(16, 32, 32), (16, 20, 20), (5, 8, 8), (1, 16, 16)])
def test_velocities_have_the_shape_of_clips(size):
    network, clips = UNet3d(channels=2, width=8), torch.randn(3, 2, *size)
    assert network(clips, torch.rand(3)).shape == clips.shape


def test_a_network_is_told_the_time_and_every_part_learns():
    torch.manual_seed(0)
    network, clips = UNet3d(channels=1, width=8), torch.randn(2, 1, 4, 8, 8)
    assert not network(clips, torch.rand(2)).any()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    early, late = (network(clips, torch.full((2,), t)) for t in (0.1, 0.9))
    assert (early - late).abs().max() > 1e-3
    early.square().mean().backward()
    assert all(parameter.grad.any() for parameter in network.parameters())


class ToPoint(nn.Module):
    """The velocity of straight paths to one point: they arrive from anywhere."""

    def __init__(self, point):
        super().__init__()
        self.point = point

    def forward(self, x, times):
        return (self.point - x) / (1 - times.view(-1, 1)).clamp(min=1e-3)


def test_noise_is_carried_along_velocities():
    """An exponential, whose end Heun's method reaches to its second order."""

    class Grows(nn.Module):
        def forward(self, x, times):
            return -x

    start = sample_flow(Grows(), (5, 2), steps=1, seed=3)
    coarse, fine = (sample_flow(Grows(), (5, 2), steps=n, seed=3) for n in (10, 20))
    exact = start / 0.5 * math.exp(-1)
    errors = [(each - exact)[start.abs() < 0.5].abs().max() for each in (coarse, fine)]
    assert errors[0] < 2e-3 and 3.5 < errors[0] / errors[1] < 4.5
    arrived = sample_flow(ToPoint(torch.tensor([0.3, -0.7])), (50, 2), steps=40, seed=1)
    assert (arrived - torch.tensor([0.3, -0.7])).abs().max() < 0.06


def test_training_finds_the_velocity_of_two_points():
    """Samples of a mixture of two points are these points, half each."""
    torch.manual_seed(0)
    network = MLP()
    clips = repeat(torch.tensor([[0.5], [-0.5]]).repeat(64, 1))
    mean = train_flow(
        network, clips, lr=3e-3, decay=0.99, seed=0, goes_on=lambda number: number < 1500
    )
    found = sample_flow(mean.module, (400, 1), steps=20, seed=0)
    near = [(found - point).abs() < 0.15 for point in (0.5, -0.5)]
    assert (near[0] | near[1]).float().mean() > 0.9
    assert 0.4 < near[0].float().mean() < 0.6


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.last = nn.Linear(64, 1)

    def forward(self, x, times):
        return self.last(self.layers(torch.cat([x, times[:, None]], 1)))


def test_time_is_up_after_so_many_seconds():
    assert for_seconds(60)(5) and for_seconds(-1)(0) and not for_seconds(-1)(1)


def test_the_tool_writes_scores_and_samples(tmp_path):
    command = [sys.executable, "tools/benchmark_flow.py", "--config=configs/demo.yaml"]
    command += ["--minutes=0.02", "--width=8", "--samples=18", "--steps=1", "--batch-size=2"]
    command += [f"--out={tmp_path / 'flow'}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    scores = json.loads((tmp_path / "flow" / "scores.json").read_text())
    assert scores["steps"] > 0 and math.isfinite(scores["frechet_pooled192"])
    assert scores["seconds per sample"] > 0 and (tmp_path / "flow" / "samples.mp4").is_file()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 2 and again.stderr.startswith("benchmark_flow: '")


def test_clips_without_held_back_ones_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(yardstick, "open_held_out", lambda data: None)
    with pytest.raises(ValueError, match=r"set data.held_out_path"):
        yardstick.Yardstick().run(ROOT / "configs" / "demo.yaml", tmp_path / "out")
    assert not (tmp_path / "out").exists()
