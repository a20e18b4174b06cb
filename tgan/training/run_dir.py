"""A run's directory: what is in it, when it may be used, and where a run goes on from."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tgan.config import Config
from tgan.config.reading import differences, flat_settings
from tgan.system.files import check_writable
from tgan.system.folders import check_no_links_out
from tgan.training.checkpoint import (
    CHECKPOINTS,
    CONFIG,
    Checkpoint,
    find_checkpoint,
    list_checkpoints,
)

METRICS, PREVIEWS, TRACKING = "metrics.jsonl", "previews", "tracking"

# What may change when a run goes on; everything else is part of the experiment.
_FREE_TO_CHANGE = (
    "train.steps",
    "data.workers",
    "data.path",
    "data.held_out_path",
    "data.download",
    "log.",
)


class HoldsRun(ValueError):
    """A directory that was to be filled by a new run holds one: resume it, or name another."""


def claim(run_dir: Path, config: Config, *, resume: str | None) -> Checkpoint | None:
    """Check that a run may use `run_dir`, and find the checkpoint it goes on from, if any.

    Args:
        resume: None starts anew; `auto` takes the newest whole checkpoint in `run_dir`, or starts
            anew where there is none; else the path of a checkpoint or of another run.

    Raises:
        ValueError: `run_dir` holds a run already, there is nothing to resume, the settings
            differ from the checkpoint's, it is past the last step, or newer checkpoints would be
            overtaken.
    """
    check_no_links_out(run_dir, below=(CHECKPOINTS, PREVIEWS, TRACKING))
    check_writable(run_dir / CONFIG)
    if resume is None:
        check_no_run(run_dir)
        return None
    if resume == "auto":
        if not list_checkpoints(run_dir):
            return None
        checkpoint = find_checkpoint(run_dir)
    else:
        checkpoint = find_checkpoint(resume)
        if checkpoint.path.parent.resolve() != (run_dir / CHECKPOINTS).resolve():
            check_no_run(run_dir)
        elif find_checkpoint(run_dir).step > checkpoint.step:
            raise ValueError(
                f"'{run_dir}' holds checkpoints newer than '{checkpoint.path.name}'; "
                "branch off from it in another directory"
            )
    _refuse_other_settings(checkpoint, config)
    if checkpoint.step > config.train.steps:
        raise ValueError(
            f"'{checkpoint.path}' is at step {checkpoint.step} already, past train.steps "
            f"{config.train.steps}"
        )
    return checkpoint


class MetricsFile:
    """`metrics.jsonl`: one JSON object per line, in the order of steps.

    Lines after `first_step`, left by a run that went on beyond its last checkpoint, are dropped.
    """

    def __init__(self, run_dir: Path, *, first_step: int) -> None:
        self.path = run_dir / METRICS
        if self.path.is_file():
            lines = self.path.read_text().splitlines(keepends=True)
            kept = [line for line in lines if _step_of(line) <= first_step]
            part = self.path.with_suffix(".part")
            part.write_text("".join(kept))
            part.replace(self.path)

    def write(self, step: int, values: dict[str, float]) -> None:
        """Append one line; `step` comes first."""
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")


def _step_of(line: str) -> float:
    """The step of a line; infinity for one that was cut short or is something else."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return float("inf")


def check_no_run(run_dir: Path) -> None:
    """Raise `HoldsRun` if there is a run in a directory."""
    if any((run_dir / name).exists() for name in (CONFIG, METRICS, CHECKPOINTS)):
        raise HoldsRun(f"'{run_dir}' already holds a run")


def _refuse_other_settings(checkpoint: Checkpoint, config: Config) -> None:
    before, now = (_fixed(each) for each in (checkpoint.settings, config))
    if found := differences(before, now):
        raise ValueError(f"settings differ from those of '{checkpoint.path}': {'; '.join(found)}")


def _fixed(config: Config) -> dict[str, Any]:
    """The settings that may not change, by their dotted names."""
    settings = flat_settings(asdict(config))
    return {name: v for name, v in settings.items() if not name.startswith(_FREE_TO_CHANGE)}
