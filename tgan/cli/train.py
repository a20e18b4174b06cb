"""`tgan train`: train a GAN from a configuration."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jsonargparse import ArgumentParser, Namespace

from tgan.config import Config
from tgan.config.reading import dump_config, experiment_parser, read_experiment
from tgan.training.launcher import launched

if TYPE_CHECKING:
    from tgan.training.checkpoint import Checkpoint
    from tgan.training.run import Run

DESCRIPTION = "Train a GAN on videos, or on the built-in moving digits."
EXAMPLES = """\
examples:
  tgan train --config configs/demo.yaml --run-dir runs/demo
  tgan train --config configs/folder.yaml --data.path my_videos --run-dir runs/mine
  tgan train --resume auto --run-dir runs/demo --train.steps 5000
  tgan train --config configs/ucf101_svc.yaml --data.path ucf101-64 --run-dir runs/x --dry-run
  accelerate launch --multi_gpu --num_processes 2 tools/train.py --config ... --run-dir ...

In Python: run = tgan.train("configs/demo.yaml", run_dir="runs/demo")
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, build the run, and train."""
    if launched() > 1:
        # The others wait for this process, which tells them what keeps it from starting.
        from tgan.training.peers import telling_others

        with telling_others():
            _train(argv)
    else:
        _train(argv)


def _train(argv: Sequence[str]) -> None:
    config, arguments = read_experiment(_parser(), argv, base=_of_the_run(argv))
    if arguments.print_config:
        print(dump_config(config), end="")
        return
    if arguments.run_dir is None:
        raise ValueError("--run-dir is missing: name a directory that the run will fill")
    run_dir = Path(arguments.run_dir)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.runs.train import estimate_run, fit_run, is_finished
    from tgan.system.lock import AtWork
    from tgan.training.processes import finish
    from tgan.training.run_dir import occupied

    if arguments.dry_run or arguments.estimate:
        run, checkpoint, say = _plan(config, run_dir, arguments)
        if arguments.estimate:
            found = estimate_run(run, checkpoint)
            say(found)
            if found.warning is not None:
                say(f"warning: {found.warning}", file=sys.stderr)
        finish(run.accelerator)
        return

    try:
        with occupied(run_dir, wait=arguments.wait):
            run, checkpoint, say = _plan(config, run_dir, arguments)
            if checkpoint is not None and is_finished(run, checkpoint):
                say(f"finished already: '{checkpoint.path}' is at step {checkpoint.step}")
                finish(run.accelerator)
                return
            stopped_by = fit_run(run, checkpoint)
    except AtWork as error:
        raise ValueError(f"{error}; --wait waits until it is done") from None
    if stopped_by:
        say(f"stopped; go on with --resume auto --run-dir {run_dir}", file=sys.stderr)
        sys.exit(128 + stopped_by)
    say(f"run finished: {run_dir}")


def _plan(
    config: Config, run_dir: Path, arguments: Namespace
) -> tuple[Run, Checkpoint | None, Callable[..., None]]:
    """Build the run and print its plan; also what prints in the main process alone."""
    from tgan.runs.train import describe, prepare_run, warnings_of

    resume = arguments.resume
    run, checkpoint = prepare_run(config, run_dir, resume=resume, device=arguments.device)
    say = print if run.accelerator.is_main_process else (lambda *_, **__: None)
    for line in warnings_of(run, checkpoint):
        say(line, file=sys.stderr)
    if resume is not None and checkpoint is None:
        say(f"no checkpoint in '{run_dir}': starting anew")
    say(describe(run, checkpoint))
    return run, checkpoint, say


def _of_the_run(argv: Sequence[str]) -> Config | None:
    """The configuration of the run that goes on, unless `--config` names another."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for name in ("--config", "--resume", "--run-dir"):
        early.add_argument(name)
    try:
        known, _ = early.parse_known_args(argv)
    except argparse.ArgumentError:
        return None
    if known.config is not None or known.resume is None or known.run_dir is None:
        return None
    from tgan.training.run_dir import config_to_resume

    return config_to_resume(Path(known.run_dir), known.resume)


def _parser() -> ArgumentParser:
    parser = experiment_parser("tgan train", DESCRIPTION, EXAMPLES)
    add = parser.add_argument
    add("--run-dir", type=str, help="directory that the run fills")
    add(
        "--resume",
        type=str,
        help="go on, with the run's own settings unless --config names others: `auto` from the "
        "newest checkpoint in --run-dir, or a checkpoint's path",
    )
    add(
        "--device",
        type=str,
        default="auto",
        help="cpu, cuda, cuda:1, mps, ... of a single process (default: what there is)",
    )
    add("--wait", action="store_true", help="wait while another run is at work in --run-dir")
    add("--dry-run", action="store_true", help="check everything, print the plan, train nothing")
    add(
        "--estimate",
        action="store_true",
        help="as --dry-run, and tell the time and the memory that a run takes, from a few steps",
    )
    add("--print-config", action="store_true", help="print the settings that would be used")
    return parser
