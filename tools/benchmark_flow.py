"""What flow matching reaches on the same clips in the same time: a yardstick for the GANs.

    python tools/benchmark_flow.py --config configs/demo.yaml --minutes 5 --out runs/flow

takes the clips of a configuration and nothing else of it, trains a small 3-D U-Net, and writes
scores.json (distance to held-back clips, seconds per sample) and samples.mp4.
"""

import argparse
from pathlib import Path

from tgan.benchmarks.flow.yardstick import Yardstick


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add, defaults = parser.add_argument, Yardstick()
    add("--config", required=True, help="whose clips are taken")
    add("--data-path", help="the folder of clips, in place of the configuration's")
    add("--out", type=Path, required=True, help="a new folder")
    for name, text in Yardstick.TEXTS.items():
        value = getattr(defaults, name)
        option = f"--{name.replace('_', '-')}"
        add(option, type=type(value), default=value, help=f"{text} (default {value})")
    arguments = vars(parser.parse_args())
    places = {name: arguments.pop(name) for name in ("config", "data_path", "out")}
    try:
        Yardstick(**arguments).run(**places)
    except ValueError as error:
        parser.exit(2, f"benchmark_flow: {error}\n")


if __name__ == "__main__":
    main()
