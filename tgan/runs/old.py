"""Functions of version 0.1 for a release; `tgan.load` and `tgan.data.datasets` took over."""

from pathlib import Path

from torch import nn

from tgan.config import Config
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out
from tgan.runs.trained import load


def load_generator(path: str | Path, *, weights: str = "auto") -> tuple[nn.Module, Config]:
    """The generator of a run or checkpoint, on the CPU, and its settings: as `tgan.load`."""
    run = load(path, weights=weights, device="cpu")
    return run.generator, run.config


def load_critic(path: str | Path) -> tuple[nn.Module, Config]:
    """The critic of a run or checkpoint, on the CPU, and its settings: as `tgan.load`."""
    run = load(path, device="cpu")
    return run.critic, run.config


load_any = load_generator


def build_source(config: Config) -> ClipSource:
    """The clips to train on: as `tgan.data.datasets.open_dataset`."""
    return open_dataset(config.data)


def build_held_out(config: Config) -> ClipSource | None:
    """Clips that training never sees: as `tgan.data.datasets.open_held_out`."""
    return open_held_out(config.data)
