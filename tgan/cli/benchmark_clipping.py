"""`tgan benchmark-clipping`: strategies that keep a critic Lipschitz, compared on equal terms."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from tgan.benchmarks.clipping.parts import PARTS
from tgan.benchmarks.clipping.plan import Plan, claim_folder
from tgan.benchmarks.clipping.strategies import strategies_named
from tgan.config import Config
from tgan.config.reading import dump_config, experiment_parser, read_experiment
from tgan.lookup import look_up
from tgan.system.machine import cores

DESCRIPTION = (
    "Compare strategies that keep a critic Lipschitz: where the truth is known, on toy data, on "
    "video, over rough settings, and by cost."
)
EXAMPLES = """\
examples:
  tgan benchmark-clipping --config configs/clipping.yaml --out bench-quick --quick
  tgan benchmark-clipping --config configs/clipping.yaml --out bench
  tgan benchmark-clipping --config configs/clipping.yaml --out mine --strategies svc,svc_bn,wgan_gp
  tgan benchmark-clipping --config configs/clipping.yaml --out wide --strategies all --parts truth
  tgan benchmark-clipping --config configs/clipping.yaml --out long --train.steps 5000 --seeds 3

The configuration is the experiment on video, of which every strategy is a variation. Each has
three trials of its settings; the best goes on to the final runs. Every job is a process of its
own. Interrupted, the same command goes on where it was; --parts and --processes may change, and
--strategies and --seeds may become more. All of it takes some seven hours of one core; --quick some
30 minutes, and fewer with --parts or --seeds 1. results.json is written after every job,
report.html and tables.md at the end.
"""
BUDGETS = ("both", "steps", "seconds")
MAX_SEEDS, MAX_PROCESSES = 1000, 1000
# Those that train the experiment itself, and so need its data.
ON_VIDEO = ("video", "robustness")


def main(argv: Sequence[str]) -> None:
    """Check everything, do the jobs, write the results and the report."""
    config, arguments = read_experiment(_parser(), argv)
    plan = _plan(config, arguments)
    names, out = _part_names(arguments.parts), Path(arguments.out)
    on_record = claim_folder(out, plan, PARTS)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.benchmarks.clipping.benchmark import run_benchmark
    from tgan.benchmarks.engine.machine import describe_machine
    from tgan.benchmarks.page.html import check_installed

    check_installed()
    _check_experiment(config, plan, names)
    machine, processes = describe_machine(), arguments.processes or _most_processes()
    threads = max(cores() // processes, 1)
    run_benchmark(
        plan,
        names,
        out,
        on_record=on_record,
        about=_about(argv, plan) | machine,
        made_by=machine | {"processes": str(processes), "threads": str(threads)},
        processes=processes,
        threads=threads,
    )


def _plan(config: Config, arguments: Namespace) -> Plan:
    """What the user asks for.

    Raises:
        ValueError: a strategy that does not exist, a number out of range, or nowhere to write.
    """
    if arguments.out is None:
        raise ValueError("--out is missing: name a folder for results and report")
    for option, most in (("seeds", MAX_SEEDS), ("processes", MAX_PROCESSES)):
        value = getattr(arguments, option)
        if value is not None and not 1 <= value <= most:
            raise ValueError(f"--{option} {value} is not in 1 to {most}")
    if arguments.budget not in BUDGETS:
        raise ValueError(f"--budget '{arguments.budget}': choose from {', '.join(BUDGETS)}")
    return Plan(
        config=dump_config(config),
        strategies=strategies_named(arguments.strategies),
        seeds=arguments.seeds,
        budget=arguments.budget,
        quick=arguments.quick,
    )


def _part_names(text: str) -> list[str]:
    """Parts in the order of `PARTS`."""
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        look_up(PARTS, name, kind="part")
    return [name for name in PARTS if name in wanted]


def _check_experiment(config: Config, plan: Plan, names: Sequence[str]) -> None:
    """Build what the jobs will need, to find out what cannot be.

    Raises:
        ValueError: a strategy that does not fit, or data that are not there.
    """
    from tgan.data.datasets import open_dataset, open_held_out
    from tgan.runs.build import classes_of

    for name, strategy in plan.strategies.items():
        for trial in strategy.trials:
            try:
                _check_settings(plan.config, strategy.settings() | trial)
            except ValueError as error:
                raise ValueError(f"strategy '{name}': {error}") from None
    if set(names) & set(ON_VIDEO):
        source = open_dataset(config.data)
        if config.conditional:
            classes_of(source, config)
        if open_held_out(config.data) is None:
            raise ValueError("no clips to measure against: set data.held_out_path")


def _check_settings(config: str, settings: Mapping[str, Any]) -> None:
    """Constrain a critic of these settings."""
    from tgan.benchmarks.experiments import variation
    from tgan.runs.build import build_constraint, build_critic, critic_example

    experiment = variation(config, settings)
    constraint = build_constraint(experiment.constraint)
    constraint.attach(build_critic(experiment), critic_example(experiment))


def _about(argv: Sequence[str], plan: Plan) -> dict[str, str]:
    """What the user asked for, in words, for the report."""
    return {
        "command": shlex.join(["tgan", "benchmark-clipping", *argv]),
        "strategies": ", ".join(plan.strategies),
        "seeds": f"{plan.seeds}, fewer where a part says so",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _most_processes() -> int:
    """Jobs that do not get in each other's way: one where all would share an accelerator."""
    import torch

    return 1 if torch.accelerator.is_available() else cores()


def _parser() -> ArgumentParser:
    parser = experiment_parser("tgan benchmark-clipping", DESCRIPTION, EXAMPLES)
    options: dict[str, dict[str, Any]] = {
        "out": {"type": str, "help": "folder for jobs, results and report"},
        "strategies": {
            "type": str,
            "default": "core",
            "help": "names with commas between; core and all stand for many",
        },
        "seeds": {"type": int, "default": 5, "help": "training seeds of each strategy"},
        "budget": {
            "type": str,
            "default": "both",
            "help": "equal steps, equal seconds, or both",
        },
        "parts": {
            "type": str,
            "default": ",".join(PARTS),
            "help": "parts to do, with commas between",
        },
        "processes": {
            "type": int | None,
            "default": None,
            "help": "jobs at once, which share the cores: one per core, but one on an accelerator",
        },
    }
    for name, about in options.items():
        parser.add_argument(f"--{name}", **about)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="next to nothing of every part: 30 minutes of one core in all",
    )
    return parser
