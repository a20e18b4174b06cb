"""`tgan evaluate`: measure samples against real clips, or two runs against each other."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tgan.cli.device import pick_device
from tgan.cli.evaluate_arguments import parse


def main(argv: Sequence[str]) -> None:
    """Parse arguments, measure, write one JSON file, print a table."""
    arguments = parse(argv)
    out = Path(arguments.json)
    state = out.with_name(f"{out.name}.partial.npz")

    # Only now the heavy imports: mistakes above are answered at once.
    from tqdm import tqdm

    from tgan.cli.jobs import CONTROL, make_jobs
    from tgan.evaluation.report import table, warnings_of, with_protocol, write_report
    from tgan.system.memory import keep_freed_memory

    arguments.device = pick_device(arguments.device)
    if arguments.device == "cpu":
        keep_freed_memory()
    plan = make_jobs(arguments)
    _warn(plan.warnings)
    with tqdm(
        total=sum(job.batches for job in plan.jobs.values()),
        unit="batch",
        mininterval=0.1 if sys.stderr.isatty() else 30,
        dynamic_ncols=True,
    ) as bar:
        results = _run(plan, state, bar=bar, discards_others=arguments.overwrite)
    metrics, controls = {}, {}
    for name, found in results.items():
        complete = with_protocol(found, plan.shared)
        if name.startswith(CONTROL):
            controls[name.removeprefix(CONTROL)] = complete
        else:
            metrics |= complete
    write_report(out, {"metrics": metrics, "controls": controls, **plan.settings})
    state.unlink(missing_ok=True)
    for found in (metrics, *controls.values()):
        _warn(warnings_of(found))
    print(table(metrics, controls))
    print(out)


def _run(plan, state: Path, **options) -> dict:
    """Do the work, and say what helps where memory does not suffice."""
    import torch

    from tgan.evaluation.runner import run_jobs

    try:
        return run_jobs(plan.jobs, path=state, settings=plan.settings, **options)
    except torch.OutOfMemoryError as error:
        reason = str(error).splitlines()[0]
        raise MemoryError(f"{reason} (a smaller --batch-size needs less)") from None


def _warn(lines: Sequence[str]) -> None:
    for line in lines:
        print(f"warning: {line}", file=sys.stderr)
