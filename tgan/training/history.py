"""`history.jsonl`: when and how a run was started, resumed and ended, a line each."""

import json
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from tgan import __version__
from tgan.system.files import append_line
from tgan.system.progress import write
from tgan.training.changes import changed_settings
from tgan.training.checkpoint import Checkpoint, list_checkpoints
from tgan.training.run import Run

HISTORY = "history.jsonl"


@contextmanager
def on_record(run: Run, checkpoint: Checkpoint | None) -> Iterator[dict[str, Any]]:
    """Write down that a run begins, and how it ends; the main process does for all.

    Yields:
        A table in which `signal` may be set to the number of the signal that ended the run.
    """
    is_main = run.accelerator.is_main_process
    end: dict[str, Any] = {"signal": 0}
    if is_main:
        _write(run.run_dir, _beginning(run, checkpoint))
    try:
        yield end
    except BaseException as error:
        end["error"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        if is_main:
            _write(run.run_dir, _ending(run.run_dir, **end))


def _beginning(run: Run, checkpoint: Checkpoint | None) -> dict[str, Any]:
    found = changed_settings(checkpoint.settings, run.config) if checkpoint else []
    return {
        "event": "start" if checkpoint is None else "resume",
        "from": None if checkpoint is None else str(checkpoint.path),
        "step": 0 if checkpoint is None else checkpoint.step,
        "until": run.config.train.steps,
        "changed": {change.name: [change.before, change.now] for change in found},
        "processes": run.accelerator.num_processes,
        "device": run.accelerator.device.type,
        "host": platform.node(),
        "versions": {"tgan": __version__, "torch": torch.__version__},
    }


def _ending(run_dir: Path, *, signal: int, error: str | None = None) -> dict[str, Any]:
    checkpoints = list_checkpoints(run_dir)
    ended = {"event": "end", "by": error or (_name(signal) if signal else "the last step")}
    return ended | {"checkpoint": checkpoints[-1].name if checkpoints else None}


def _name(number: int) -> str:
    return signal.Signals(number).name


def _write(run_dir: Path, entry: dict[str, Any]) -> None:
    run_dir.mkdir(parents=True, exist_ok=True)
    time = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        append_line(run_dir / HISTORY, json.dumps({"time": time, **entry}))
    except OSError as error:
        write(f"warning: '{run_dir / HISTORY}' was not written: {error.strerror}", file=sys.stderr)
