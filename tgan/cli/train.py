"""`tgan train`: train a GAN from a configuration."""

import sys
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser

from tgan.config.reading import dump_config, experiment_parser, parse_config, read_experiment
from tgan.lookup import counted

DESCRIPTION = "Train a GAN on videos, or on the built-in moving digits."
EXAMPLES = """\
examples:
  tgan train --config configs/demo.yaml --run-dir runs/demo
  tgan train --config configs/folder.yaml --data.path my_videos --run-dir runs/mine
  tgan train --config configs/demo.yaml --run-dir runs/demo --resume auto --train.steps 5000
  tgan train --config configs/ucf101_svc.yaml --data.path ucf101-64 --run-dir runs/x --dry-run
  accelerate launch --multi_gpu --num_processes 2 tools/train.py --config ... --run-dir ...
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, build the run, and train."""
    config, arguments = read_experiment(_parser(), argv)
    if arguments.print_config:
        print(dump_config(config), end="")
        return
    if arguments.run_dir is None:
        raise ValueError("--run-dir is missing: name a directory that the run will fill")

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.runs.build import build_run
    from tgan.training.run_dir import claim

    run_dir = Path(arguments.run_dir)
    checkpoint = claim(run_dir, config, resume=arguments.resume)
    if checkpoint is not None:
        config.data.labels = parse_config(checkpoint.config).data.labels
    run = build_run(config, run_dir)
    if checkpoint is not None:
        run.task.load_tensors(checkpoint.tensors)
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
    stopped_by = _fit(run, first_step=0 if checkpoint is None else checkpoint.step)
    if stopped_by:
        say(f"stopped; go on with --resume auto --run-dir {run_dir}", file=sys.stderr)
        sys.exit(128 + stopped_by)
    say(f"run finished: {run_dir}")


def _fit(run, *, first_step: int) -> int:
    """Train, and turn what the machine cannot do into errors that end with one line."""
    import torch

    from tgan.training.loop import fit

    try:
        return fit(run, first_step=first_step)
    except torch.OutOfMemoryError as error:
        reason = str(error).splitlines()[0]
        raise MemoryError(f"{reason} (a smaller train.batch_size needs less)") from None
    except RuntimeError as error:
        # What is left of a process group when one of its processes has ended.
        if "Connection closed by peer" not in str(error):
            raise
        raise ChildProcessError("another process of this run failed") from None


def warnings_of(run, checkpoint) -> list[str]:
    """Lines on videos that were left out, and on data that changed since the checkpoint."""
    lines = [f"skipped {name}: {reason}" for name, reason in run.source.skipped]
    if checkpoint is not None and checkpoint.num_videos != len(run.source):
        lines.append(
            f"warning: the run was trained on {counted(checkpoint.num_videos, 'video')} and goes "
            f"on with {len(run.source)}: clips come in another order"
        )
    return lines


def describe(run, checkpoint) -> str:
    """The plan in a few lines: data, networks, objective, hardware, where it starts."""
    config, accelerator = run.config, run.accelerator
    sizes = {
        name: sum(p.numel() for p in player.module.parameters()) / 1e6
        for name, player in (("generator", run.task.generator), ("critic", run.task.critic))
    }
    start = 0 if checkpoint is None else checkpoint.step
    frames, height, width, channels = run.source.shape
    data_name = config.data.dataset or config.data.path or config.data.name
    return "\n".join(
        [
            f"data: {counted(len(run.source), 'video' if frames > 1 else 'image')} from "
            f"{data_name} ({len(run.source.skipped)} skipped, "
            f"{run.source.num_too_short} too short), "
            f"{f'clips of {frames} frames ' if frames > 1 else ''}{height}x{width}x{channels}",
            f"networks: generator {sizes['generator']:.2f} M and critic {sizes['critic']:.2f} M "
            "parameters",
            f"objective: {config.objective}, constraint {config.constraint.name}, "
            f"{config.train.schedule} updates, batch {config.train.batch_size}",
            f"hardware: {accelerator.num_processes} x {accelerator.device.type}, "
            f"precision {config.train.mixed_precision}",
            f"steps: {start} to {config.train.steps}",
        ]
    )


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
