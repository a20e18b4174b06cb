"""`tgan export`: write a generator as a file that runs without this package, or as a folder.

Also the classifier of a run whose critic learned classes, as a file.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser
from tgan.lookup import look_up
from tgan.media.sample_folder import names_folder
from tgan.system.files import check_new_folder, check_not_there, check_writable

EXAMPLES = """\
examples:
  tgan export runs/demo --format pt2 --out demo.pt2
  tgan export runs/demo --format onnx --out demo.onnx
  tgan export runs/demo --format safetensors --out demo/
  tgan export runs/digits --part classifier --out classifier.onnx

A JSON file beside it (demo.onnx.json) says what goes in and what comes out. What is written is
compared with the network on batches of 1, 2 and 5 before it is kept. In Python:

  videos = torch.export.load("demo.pt2").module()(torch.rand(4, 64) * 2 - 1)

safetensors is a folder for this package: config.json, model.safetensors, card.json, README.md.
`tgan generate demo` samples from it; in Python:

  clips = tgan.load("demo").sample(range(16))
"""
# Endings by format; the format can be left out.
ENDINGS = {"pt2": ".pt2", "onnx": ".onnx"}
FOLDER = "safetensors"
GENERATOR, CLASSIFIER = "generator", "classifier"


def main(argv: Sequence[str]) -> None:
    """Parse arguments, write two files, or a folder."""
    arguments = _parser().parse_args(argv)
    if arguments.format == FOLDER or (arguments.format is None and names_folder(arguments.out)):
        _export_folder(arguments)
    else:
        _export_file(arguments)


def _export_folder(arguments: argparse.Namespace) -> None:
    if arguments.part != GENERATOR:
        raise ValueError(
            f"--part {arguments.part}: a folder holds a generator; name a file, "
            f"*{' or *'.join(ENDINGS.values())}"
        )
    check_new_folder(arguments.out)
    from tgan.runs.pretrained import save_pretrained
    from tgan.runs.trained import load

    run = load(arguments.run, weights=arguments.weights, device="cpu")
    save_pretrained(run.generator, run.config, arguments.out, run.classes, fps=run.fps)
    print(arguments.out)


def _export_file(arguments: argparse.Namespace) -> None:
    out = Path(arguments.out)
    check_writable(out)
    kind = arguments.format or _format_of(out)
    check_not_there(out, overwrite=arguments.overwrite)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.runs.export import card_path, check_installed, export_classifier, export_generator
    from tgan.runs.trained import load

    check_installed(kind)
    run = load(arguments.run, weights=arguments.weights, device="cpu")
    settings = {"kind": kind, "classes": run.classes}
    if arguments.part == GENERATOR:
        export_generator(run.generator, run.config, out, **settings)
    else:
        export_classifier(run.classifier, run.config, out, **settings)
    print(out)
    print(card_path(out))


def _format_of(out: Path) -> str:
    formats = {ending: kind for kind, ending in ENDINGS.items()}
    return look_up(formats, out.suffix.lower(), kind="ending (or name a --format)")


def _parser() -> Parser:
    parser = Parser(
        prog="tgan export",
        description="Write a generator as a file that runs without this package, or as a folder.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", help="a run directory (its newest checkpoint), a checkpoint, or such a folder")
    add("--out", required=True, help="file or folder to write")
    add(
        "--part",
        choices=[GENERATOR, CLASSIFIER],
        default=GENERATOR,
        help="what is written: the generator (default), or the critic as a classifier of clips",
    )
    add(
        "--format",
        choices=[*ENDINGS, FOLDER],
        help="pt2, onnx, or a folder with safetensors (default: what --out ends with)",
    )
    parser.add_weights()
    add("--overwrite", action="store_true", help="replace the file that is there")
    return parser
