"""Scripts started by `accelerate launch`, on the CPU."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(processes: int, *command, options=(), **environment) -> subprocess.Popen:
    """`accelerate launch` of a script.

    Args:
        options: further ones of the launcher.
    """
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", processes]
    if processes > 1:
        launcher += ["--multi_gpu", "--main_process_port", 0]
    launcher += ["--num_machines", 1, "--mixed_precision", "no", "--dynamo_backend", "no", *options]
    return subprocess.Popen(
        [str(part) for part in [*launcher, *command]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment,
    )


def launch(processes: int, *command, **settings) -> subprocess.CompletedProcess:
    """The same, to its end."""
    process = start(processes, *command, **settings)
    out, error = process.communicate(timeout=580)
    return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def ranks_of(launcher: int) -> dict[int, int]:
    """The process ids of the ranks that a launcher started."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            if parent == launcher:
                settings = (stat.parent / "environ").read_bytes().split(b"\0")
                found |= {int(s[5:]): int(stat.parent.name) for s in settings if s[:5] == b"RANK="}
        except OSError:
            continue
    return found
