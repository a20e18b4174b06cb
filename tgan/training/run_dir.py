"""A run's directory: what is in it, when it may be used, and where a run goes on from."""

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tgan.config import Config
from tgan.config.reading import parse_config
from tgan.system.files import append_line, check_writable, delete, write_whole
from tgan.system.folders import check_no_links_out, read_bytes
from tgan.system.lock import locked
from tgan.system.progress import write
from tgan.training.changes import changed_settings, refused
from tgan.training.checkpoint import (
    CHECKPOINTS,
    CONFIG,
    Checkpoint,
    find_checkpoint,
    list_checkpoints,
)

# Characters of a line of metrics that are read; a line has some hundreds.
_MAX_LINE = 2**20
METRICS, PREVIEWS, TRACKING = "metrics.jsonl", "previews", "tracking"


class HoldsRun(ValueError):
    """A directory that was to be filled by a new run holds one: resume it, or name another."""


@contextmanager
def occupied(run_dir: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other runs out of a directory; the first process of a run does so for all of them.

    Args:
        wait: whether to wait while another run is at work in it.

    Raises:
        AtWork: another run is, and `wait` is false; the message names its process.
        ValueError: there cannot be such a directory.
    """
    check_writable(run_dir / CONFIG)
    if int(os.environ.get("RANK", 0)) > 0:
        yield
        return
    with locked(run_dir, waits=write if wait else None):
        yield


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


def config_to_resume(run_dir: Path, resume: str) -> Config | None:
    """The configuration of what a run would go on from, or None where there is nothing yet.

    Args:
        resume: as of `claim`.

    Raises:
        ValueError: no whole checkpoint, or a configuration that this version does not read.
    """
    if resume == "auto" and not list_checkpoints(run_dir):
        if not (run_dir / CONFIG).exists():
            return None
        text = read_bytes(run_dir, CONFIG).decode(errors="replace")
        return parse_config(text, source=str(run_dir / CONFIG))
    checkpoint = find_checkpoint(run_dir if resume == "auto" else resume, needs=lambda _: ())
    return checkpoint.settings


class MetricsFile:
    """`metrics.jsonl`: one JSON object per line, in the order of steps.

    Lines after `first_step`, left by a run that went on beyond its last checkpoint, are dropped.

    Attributes:
        at_first: names of what is on record for `first_step`.
    """

    def __init__(self, run_dir: Path, *, first_step: int) -> None:
        self.path = run_dir / METRICS
        if self.path.is_file():
            write_whole(self.path, lambda part: _keep(self.path, part, first_step))
        self.at_first = logged_at(self.path, first_step)

    def write(self, step: int, values: dict[str, float]) -> None:
        """Append one line; `step` comes first.

        Raises:
            OSError: it cannot be written; what there was of it is taken back.
        """
        append_line(self.path, json.dumps({"step": step, **values}))


def logged_at(path: Path, step: int) -> set[str]:
    """Names of what a log has on record for a step; nothing where there is no log."""
    lines = _lines(path) if path.is_file() else ()
    return {name for line in lines if _step_of(line) == step for name in json.loads(line)}


def _keep(path: Path, part: Path, last_step: int) -> None:
    with part.open("w") as kept:
        kept.writelines(line for line in _lines(path) if _step_of(line) <= last_step)


def _lines(path: Path) -> Iterator[str]:
    with path.open(errors="replace") as file:
        while line := file.readline(_MAX_LINE):
            yield line


def _step_of(line: str) -> float:
    """The step of a line; infinity for one that was cut short or is something else."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return float("inf")


@contextmanager
def free_after_a_failed_start(run_dir: Path) -> Iterator[None]:
    """Delete what a run wrote that fails before a step is on record, so that another can start.

    Numbers that are not finite are no failed start: what was written tells of them.
    """
    paths = [run_dir / name for name in (CONFIG, METRICS, PREVIEWS, TRACKING)]
    written = [path for path in paths if not path.exists()]
    try:
        yield
    except ArithmeticError:
        raise
    except BaseException:
        for path in [] if _has_begun(run_dir) else written:
            delete(path)
        raise


def _has_begun(run_dir: Path) -> bool:
    """Whether a checkpoint, or the numbers of a step, are there."""
    if list_checkpoints(run_dir):
        return True
    if not (run_dir / METRICS).is_file():
        return False
    with (run_dir / METRICS).open(errors="replace") as lines:
        return any(0 < _step_of(line) < math.inf for line in lines)


def clear_unfinished(run_dir: Path) -> None:
    """Delete what a run that was killed was in the middle of writing; its directory is occupied."""
    for folder in (run_dir, run_dir / PREVIEWS, run_dir / CHECKPOINTS):
        for part in folder.glob(".*.part*"):
            delete(part)


def check_no_run(run_dir: Path) -> None:
    """Raise `HoldsRun` if there is a run in a directory."""
    if any((run_dir / name).exists() for name in (CONFIG, METRICS, CHECKPOINTS)):
        raise HoldsRun(f"'{run_dir}' already holds a run")


def _refuse_other_settings(checkpoint: Checkpoint, config: Config) -> None:
    if found := refused(changed_settings(checkpoint.settings, config)):
        raise ValueError(f"settings differ from those of '{checkpoint.path}': {'; '.join(found)}")
