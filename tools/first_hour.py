"""What a machine with an accelerator is worth to this package, in the first hour on it.

    python tools/first_hour.py --device cuda --out first_hour

writes first_hour.json and first_hour.md: seconds per step over precisions, how long the GPU is
idle, projections there and on the CPU, memory and the largest batch, and the demo beside the CPU's.
`--quick` takes sizes next to nothing, to see in minutes whether everything runs.
"""

import argparse
import json
from pathlib import Path

from tgan.benchmarks.engine.machine import describe_machine
from tgan.benchmarks.gpu.page import page
from tgan.benchmarks.gpu.plan import measure
from tgan.benchmarks.gpu.setting import Setting
from tgan.system.device import pick_device


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", help="to measure (default cuda)")
    parser.add_argument("--out", type=Path, default=Path("first_hour"), help="files, without end")
    parser.add_argument("--quick", action="store_true", help="with sizes next to nothing")
    arguments = parser.parse_args()
    files = [arguments.out.with_suffix(end) for end in (".json", ".md")]
    try:
        setting = Setting(pick_device(arguments.device), arguments.quick)
        for file in files:
            if file.exists():
                raise ValueError(f"'{file}' exists: name others with --out")
    except ValueError as error:
        parser.exit(2, f"first_hour: {error}\n")
    machine, found = describe_machine(), {}
    for name, rows in measure(setting):
        found[name] = rows
        # After each, so that what was measured is there whatever comes.
        files[0].write_text(json.dumps({"machine": machine, "found": found}, indent=1) + "\n")
        files[1].write_text(page(machine, found))
        print(f"{name}: {len(rows)} rows in {files[1]}", flush=True)


if __name__ == "__main__":
    main()
