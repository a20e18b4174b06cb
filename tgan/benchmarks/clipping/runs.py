"""Training runs of experiments, resumed where they were interrupted."""

import resource
import sys
from pathlib import Path

import torch

from tgan.config import Config
from tgan.config.reading import parse_config
from tgan.runs.build import build_run
from tgan.training.checkpoint import directory_of
from tgan.training.loop import fit
from tgan.training.run_dir import claim

# Where a job's folder has its run.
RUN = "run"


def train(config: Config, run_dir: Path) -> None:
    """Train a run to its end, from its newest checkpoint where it has one.

    Raises:
        ArithmeticError: it diverged.
        KeyboardInterrupt: it was asked to stop; its checkpoint is written.
    """
    checkpoint = claim(run_dir, config, resume="auto")
    if checkpoint is not None:
        config.data.labels = parse_config(checkpoint.config).data.labels
    run = build_run(config, run_dir)
    if checkpoint is not None:
        run.task.load_tensors(checkpoint.tensors)
    if fit(run, first_step=0 if checkpoint is None else checkpoint.step):
        raise KeyboardInterrupt


def checkpoint_of(run_dir: Path, step: int) -> Path | None:
    """The checkpoint of a step, or None where there is none."""
    path = directory_of(run_dir, step)
    return path if path.is_dir() else None


def peak_megabytes() -> float:
    """The most memory that this process has held: of the CUDA device, else resident."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    try:
        # Not `getrusage`, in which a process begins with what its parent holds.
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
