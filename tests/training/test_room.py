from types import SimpleNamespace

import pytest
import torch

from tests.conftest import make_tiny_config
from tgan.config import DataConfig
from tgan.training import room
from tgan.training.room import ALL_BUT, lack_of_memory, what_helps


def test_sizes_that_help_are_named():
    config = make_tiny_config()
    config.data = DataConfig(num_frames=32, resolution=128)
    assert what_helps(config, half=False) == (
        "lower train.batch_size (4), data.num_frames (32) or data.resolution (128), "
        "set train.mixed_precision bf16, or set train.checkpoint_activations true"
    )
    config.train.checkpoint_activations = True
    assert what_helps(config, half=True).endswith("or data.resolution (128)")


def run_on(kind):
    accelerator = SimpleNamespace(device=torch.device(kind), mixed_precision="no")
    return SimpleNamespace(accelerator=accelerator, config=make_tiny_config())


@pytest.mark.parametrize(("kind", "sharing"), [("cpu", 2), ("cuda", 1)])
def test_processes_that_hold_about_all_the_memory_are_told_in_a_line(monkeypatch, kind, sharing):
    """Together on a CPU; each process has a GPU of its own."""
    most = 8_000_000_000
    monkeypatch.setattr(room, "memory_of", lambda device: (most, 1))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    enough = ALL_BUT * most / sharing
    assert lack_of_memory(run_on(kind), enough * 0.99) is None
    line = lack_of_memory(run_on(kind), enough * 1.01)
    assert line.startswith(f"a run of these sizes takes {7.272 / sharing:.1f} GB of memory")
    assert ("in each of 2 processes" in line) == (sharing == 2)
    assert "and there are 8.0 GB: lower train.batch_size (4) or data.resolution (32), " in line
    assert "\n" not in line


def test_nothing_is_said_where_nothing_tells_of_memory(monkeypatch):
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert lack_of_memory(run_on("cpu"), None) is None
    monkeypatch.setattr(room, "memory_of", lambda device: (None, None))
    assert lack_of_memory(run_on("cpu"), 1e18) is None
