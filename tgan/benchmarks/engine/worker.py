"""Worker of a benchmark: the process that does jobs, one after another.

`python -m tgan.benchmarks.engine.worker MODULE CLASS PARENT FOLDER...` does the jobs that are
described in the folders, for the part MODULE.CLASS, as long as the process PARENT is there.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tgan.benchmarks.engine.jobs import Part
from tgan.benchmarks.engine.records import LOG, RESULT, read_job, write_json
from tgan.system.lifetime import end_with_parent


def command_for(part: Part, folders: Sequence[Path]) -> list[str]:
    """The program that does the jobs in some folders for this process."""
    kind, parent = type(part), str(os.getpid())
    return [
        *(sys.executable, "-m", __name__, kind.__module__, kind.__qualname__, parent),
        *map(str, folders),
    ]


def main(argv: Sequence[str]) -> None:
    """Do the jobs in turn; one that fails ends the process, so that no other is harmed."""
    module, name, parent, *folders = argv
    end_with_parent(int(parent))
    part = getattr(importlib.import_module(module), name)()
    for number, folder in enumerate(map(Path, folders)):
        if number:
            _log_to(folder / LOG)
        try:
            do_job(folder, part)
        except KeyboardInterrupt:
            # A training run was asked to stop, and has saved its state.
            sys.exit("interrupted")


def do_job(folder: Path, part: Part) -> None:
    """Do the job that is described in `folder`, and leave its result there.

    Training that diverged is a result, `{"failed": reason}`; any other error is a mistake of the
    program or a lack of memory, which must not pass for it, and goes on to the caller.
    """
    try:
        result = part.run(read_job(folder), folder)
    except (ZeroDivisionError, OverflowError):
        raise
    except ArithmeticError as error:
        result = {"failed": str(error)}
    write_json(folder / RESULT, result)


def _log_to(path: Path) -> None:
    """Have all that this process says from now on written to another file."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with path.open("w") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)


if __name__ == "__main__":
    main(sys.argv[1:])
