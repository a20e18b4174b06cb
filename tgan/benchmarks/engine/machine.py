"""Machine that a benchmark runs on: commit, versions and hardware, in words."""

import os
import subprocess
from pathlib import Path

from tgan.evaluation.scores import versions
from tgan.lookup import counted
from tgan.system.machine import cores, processor


def describe_machine() -> dict[str, str]:
    """Commit, versions and hardware, in words."""
    return {
        "commit": _commit(),
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
        "hardware": f"{processor()}, {counted(cores(), 'core')}, {_memory()}{_accelerator()}",
    }


def _commit() -> str:
    """The commit of the checkout that this program lies in, if it does."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    folder = Path(__file__).parent
    try:
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not a checkout"
    return found.stdout.strip()


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, AttributeError, OSError):
        return "memory unknown"
    return f"{size / 1e9:.0f} GB"


def _accelerator() -> str:
    import torch

    return f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
