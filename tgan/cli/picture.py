"""`tgan picture`: what a run of one picture makes besides samples, and how near these are."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tgan.cli import Parser
from tgan.cli.options import add_device, add_overwrite, at_least, height_and_width
from tgan.media.rates import MAX_FPS, MIN_FPS, check_fps
from tgan.system.files import check_not_there, check_writable, write_whole

if TYPE_CHECKING:
    import numpy as np

    from tgan.runs.picture import PictureEditor

EXAMPLES = """\
examples:
  tgan picture repaint runs/picture --input drawing.png --stage 1 --out painted.png
  tgan picture repaint runs/picture --input pasted.png --mask mask.png --stage 3 --out joined.png
  tgan picture enlarge runs/picture --factor 2 --out large.png
  tgan picture animate runs/picture --frames 60 --out walk.mp4
  tgan picture measure runs/picture --out scores.json

repaint makes the detail of another picture anew, from a stage on: a drawing becomes a picture (low
stages), what was pasted or moved is joined to what is around it (high ones). Where a mask is black
the picture stays. enlarge applies the last stage again and again. animate walks in the noise, from
the picture on. measure writes how far samples are from the picture inside, how varied they are, and
the same distance for changed pictures. Pictures are shrunk as the run's own was (data.resolution).
docs/singan.md shows them all; samples, of any size, are those of tgan generate.
"""
PICTURES, MOVING = (".png",), (".mp4", ".gif", ".webp")


def main(argv: Sequence[str]) -> None:
    """Parse arguments, make one file."""
    arguments = _parser().parse_args(argv)
    _check(arguments)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.runs.picture import PictureEditor
    from tgan.runs.trained import load

    run = load(arguments.run, device=arguments.device)
    arguments.make(PictureEditor(run), arguments)
    print(arguments.out)


def _repaint(editor: "PictureEditor", arguments: argparse.Namespace) -> None:
    made = editor.repaint(
        arguments.input, stage=arguments.stage, mask=arguments.mask, seed=arguments.seed
    )
    _write(arguments.out, made[None])


def _enlarge(editor: "PictureEditor", arguments: argparse.Namespace) -> None:
    _write(arguments.out, editor.enlarge(arguments.factor, arguments.input)[None])


def _animate(editor: "PictureEditor", arguments: argparse.Namespace) -> None:
    names = ("seed", "stage", "pull", "smoothness", "size")
    settings = {name: getattr(arguments, name) for name in names}
    _write(arguments.out, editor.animate(arguments.frames, **settings), fps=arguments.fps)


def _measure(editor: "PictureEditor", arguments: argparse.Namespace) -> None:
    from tgan.evaluation.one_picture import measure_picture

    found = measure_picture(editor.run, arguments.samples, seed=arguments.seed).as_json()
    text = json.dumps(found, indent=2) + "\n"
    write_whole(arguments.out, lambda part: part.write_text(text))


def _write(out: str, frames: "np.ndarray", fps: float = 8) -> None:
    from tgan.media.video import write_video

    write_video(out, frames, fps=fps)


def _parser() -> Parser:
    parser = Parser(
        prog="tgan picture",
        description="Change pictures by a run of one picture, set it in motion, measure it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    stage = {"type": at_least(0), "metavar": "N"}

    repaint = _kind(kinds, "repaint", _repaint, "detail of another picture made anew", PICTURES)
    repaint.add_argument("--input", required=True, help="the other picture")
    repaint.add_argument("--mask", help="white where it is made anew, black where it stays")
    repaint.add_argument(
        "--stage", required=True, help="the first, from 1: the lower, the more", **stage
    )

    enlarge = _kind(kinds, "enlarge", _enlarge, "a larger picture", PICTURES)
    enlarge.add_argument("--factor", type=float, required=True, help="times as large, above 1")
    enlarge.add_argument("--input", help="a picture (default: the run's own)")

    animate = _kind(kinds, "animate", _animate, "a walk in the noise", MOVING)
    animate.add_argument("--frames", type=at_least(1), default=60, metavar="N", help="(default 60)")
    animate.add_argument("--fps", type=float, default=10, help="frames per second (default 10)")
    animate.add_argument("--stage", default=0, help="the first that moves (default 0)", **stage)
    animate.add_argument("--pull", type=float, default=0.1, help="to the picture (default 0.1)")
    animate.add_argument("--smoothness", type=float, default=0.9, help="of the way (default 0.9)")
    animate.add_argument("--size", type=height_and_width, metavar="HxW", help="height and width")

    measure = _kind(kinds, "measure", _measure, "how near and how varied samples are", (".json",))
    measure.add_argument(
        "--samples", type=at_least(2), default=50, metavar="N", help="(default 50)"
    )
    for kind in (repaint, animate, measure):
        kind.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="(default 0)")
    return parser


def _kind(kinds: argparse._SubParsersAction, name: str, make, text: str, endings) -> Parser:
    parser: Parser = kinds.add_parser(name, help=text, description=f"Make {text}.")
    parser.set_defaults(make=make, endings=endings)
    parser.add_argument("run", metavar="RUN", help="a run of one picture, or a checkpoint")
    parser.add_argument("--out", required=True, help=f"file to write ({', '.join(endings)})")
    add_overwrite(parser)
    add_device(parser)
    return parser


def _check(arguments: argparse.Namespace) -> None:
    ending = Path(arguments.out).suffix.lower()
    if ending not in arguments.endings:
        choices = ", ".join(arguments.endings)
        raise ValueError(f"--out {arguments.out}: the ending has to be one of {choices}")
    if (fps := getattr(arguments, "fps", None)) is not None:
        if not MIN_FPS <= fps <= MAX_FPS:
            raise ValueError(f"--fps {fps:g} is not between {MIN_FPS} and {MAX_FPS}")
        check_fps(arguments.out, fps)
    check_writable(arguments.out)
    check_not_there(arguments.out, overwrite=arguments.overwrite)
