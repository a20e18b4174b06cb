"""`tgan benchmark-labels`: a semi-supervised GAN beside supervised classifiers, on few labels."""

from collections.abc import Sequence
from pathlib import Path

from tgan.benchmarks.engine.records import check_folder
from tgan.cli.names import parse_names
from tgan.config.reading import experiment_parser, read_experiment
from tgan.lookup import look_up

EXAMPLES = """\
examples:
  tgan benchmark-labels --config configs/semi_supervised.yaml --out labels
  tgan benchmark-labels --config configs/semi_supervised.yaml --out mnist \\
      --data.path t10k-images-idx3-ubyte.gz --labels 20,50,100,200 --draws 5
  tgan benchmark-labels --config configs/semi_supervised.yaml --out mine --data.name images \\
      --data.path my_pictures --data.channels 3 --labels 40,80 --methods network,gan

Pictures lie in a folder per class; a sixth of each class is held out where data.held_out_path names
no others. Labels are as many of each class, drawn anew for each draw.

methods: logistic (of pixels), network (the critic, which sees labelled pictures alone),
network_shifts (the same with random shifts), gan, gan_shifts

Results appear in --out as they are known: a folder for each run in jobs/, in the end results.json,
tables.md and, with pip install 'tgan-video[report]', errors.png. What is there is not redone: a
benchmark that was interrupted goes on where it was.
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, run what is not there yet, write and print a table."""
    parser = experiment_parser(
        "tgan benchmark-labels",
        "Compare a semi-supervised GAN with classifiers that are told the same few labels.",
        EXAMPLES,
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for results; goes on with its own")
    add("--labels", default="20,50,100,200", help="how many are told, with commas between")
    add("--draws", type=int, default=5, help="of labels, for each number of them")
    add("--methods", help="any of those above, with commas between (default: all)")
    add(
        "--choose",
        action="store_true",
        help="for choosing settings: other draws, judged by a sixth of the pictures to train on",
    )
    add("--processes", type=int, default=1, help="runs at once")
    config, arguments = read_experiment(parser, argv)
    labels = [_whole(text) for text in parse_names([arguments.labels], option="--labels")]
    for option in ("draws", "processes"):
        if getattr(arguments, option) < 1:
            raise ValueError(f"--{option} {getattr(arguments, option)} is below 1")
    if not config.classifies:
        raise ValueError("train.cross_entropy_weight 0: the GAN's critic would learn no classes")
    check_folder(arguments.out, ["classifiers"])

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.benchmarks.labels.benchmark import run_comparison
    from tgan.benchmarks.labels.methods import METHODS

    named = None if arguments.methods is None else [arguments.methods]
    methods = parse_names(named, option="--methods") or list(METHODS)
    for name in methods:
        look_up(METHODS, name, kind="method")
    run_comparison(
        config,
        methods,
        labels=labels,
        draws=arguments.draws,
        out=arguments.out,
        chooses=arguments.choose,
        processes=arguments.processes,
    )


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"--labels '{text}' is no whole number")
    return int(text)
