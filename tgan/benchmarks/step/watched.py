"""A program that is run, and the most memory that it held.

`python -m tgan.benchmarks.step.watched script.py ...`, or `-m module ...` in its place.
"""

import json
import runpy
import sys
from pathlib import Path

from tgan.system.memory import peak_resident


def main() -> None:
    """Run a program as if by itself; then print a JSON line with `peak_bytes` on stderr."""
    sys.argv = sys.argv[1:]
    try:
        if sys.argv[0] == "-m":
            del sys.argv[0]
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = str(Path(sys.argv[0]).parent)
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    print(json.dumps({"peak_bytes": peak_resident()}), file=sys.stderr)


if __name__ == "__main__":
    main()
