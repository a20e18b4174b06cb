"""Script that does a failed job once more, in one process, where an error can be looked at."""

from collections.abc import Mapping
from pathlib import Path

from tgan.benchmarks.engine.jobs import Job, Part
from tgan.benchmarks.engine.records import SCRIPT
from tgan.system.files import write_whole

_TEXT = """\
# The job {job} ended with: {reason}
#
# `python {script}` does it once more, from what it has left in this folder, and prints its result;
# `python -m pdb {script}` does so in a debugger. The benchmark itself takes no notice of it.

import os

os.environ.update({environment})

from pathlib import Path

from tgan.benchmarks.engine.records import read_job
from {module} import {part}

if __name__ == "__main__":
    folder = Path(__file__).parent
    print({part}().run(read_job(folder), folder))
"""


def write_script(
    folder: Path, job: Job, part: Part, *, reason: str, environment: Mapping[str, str]
) -> None:
    """Write `reproduce.py` into the folder of a job that failed.

    Args:
        reason: why, in one line.
        environment: variables that the job's process had set.
    """
    text = _TEXT.format(
        job=job.name,
        reason=" ".join(reason.split()),
        script=SCRIPT,
        environment=dict(environment),
        module=type(part).__module__,
        part=type(part).__qualname__,
    )
    write_whole(folder / SCRIPT, lambda path: path.write_text(text, "utf-8"))
