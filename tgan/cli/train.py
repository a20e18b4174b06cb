"""`tgan train`: train a GAN from a configuration."""

import sys
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser

from tgan.config.reading import dump_config, experiment_parser, read_experiment

DESCRIPTION = "Train a GAN on videos, or on the built-in moving digits."
EXAMPLES = """\
examples:
  tgan train --config configs/demo.yaml --run-dir runs/demo
  tgan train --config configs/folder.yaml --data.path my_videos --run-dir runs/mine
  tgan train --config configs/demo.yaml --run-dir runs/demo --resume auto --train.steps 5000
  tgan train --config configs/ucf101_svc.yaml --data.path ucf101-64 --run-dir runs/x --dry-run
  accelerate launch --multi_gpu --num_processes 2 tools/train.py --config ... --run-dir ...

In Python: run = tgan.train("configs/demo.yaml", run_dir="runs/demo")
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, build the run, and train."""
    config, arguments = read_experiment(_parser(), argv)
    if arguments.print_config:
        print(dump_config(config), end="")
        return
    if arguments.run_dir is None:
        raise ValueError("--run-dir is missing: name a directory that the run will fill")
    run_dir = Path(arguments.run_dir)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.runs.train import describe, fit_run, prepare_run, warnings_of

    run, checkpoint = prepare_run(config, run_dir, resume=arguments.resume)
    say = print if run.accelerator.is_main_process else (lambda *_, **__: None)
    for line in warnings_of(run, checkpoint):
        say(line, file=sys.stderr)
    if arguments.resume is not None and checkpoint is None:
        say(f"no checkpoint in '{run_dir}': starting anew")
    say(describe(run, checkpoint))
    if arguments.dry_run:
        return
    if checkpoint is not None and checkpoint.step == config.train.steps:
        say(f"finished already: '{checkpoint.path}' is at step {checkpoint.step}")
        return
    stopped_by = fit_run(run, checkpoint)
    if stopped_by:
        say(f"stopped; go on with --resume auto --run-dir {run_dir}", file=sys.stderr)
        sys.exit(128 + stopped_by)
    say(f"run finished: {run_dir}")


def _parser() -> ArgumentParser:
    parser = experiment_parser("tgan train", DESCRIPTION, EXAMPLES)
    add = parser.add_argument
    add("--run-dir", type=str, help="directory that the run fills")
    add(
        "--resume",
        type=str,
        help="go on: `auto` from the newest checkpoint in --run-dir, or a checkpoint's path",
    )
    add("--dry-run", action="store_true", help="check everything, print the plan, train nothing")
    add("--print-config", action="store_true", help="print the settings that would be used")
    return parser
