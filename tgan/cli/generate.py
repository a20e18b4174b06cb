"""`tgan generate`: write sampled videos or images, as one file or as a folder."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tgan.cli import Parser
from tgan.cli.options import height_and_width
from tgan.cli.seeds import parse_grid, parse_seeds, parse_sum
from tgan.media.rates import MAX_FPS, MIN_FPS, check_fps
from tgan.media.sample_folder import names_folder, sample_names, write_sample_folder
from tgan.media.video import (
    MAX_SIDES,
    WRITERS,
    check_ending,
    samples_shape,
    scale_to_show,
    with_below,
    write_samples,
    write_video,
)
from tgan.sampling.plans import Plan, Samples, Sums, Walks
from tgan.system.files import check_new_folder, check_not_there, check_writable

EXAMPLES = """\
examples:
  tgan generate runs/demo --out samples.mp4
  tgan generate runs/demo --out samples.png --seeds 0-3
  tgan generate runs/demo/checkpoints/step_00001000 --out grid.gif --seeds 7,9,20-33 --grid 4x4
  tgan generate runs/demo --out thousand.npy --seeds 0-999
  tgan generate runs/digits --out fakes/ --seeds 0-999
  tgan generate runs/demo --out slow.mp4 --slow-motion 4
  tgan generate runs/demo --out walk.mp4 --seeds 3,7 --walk 9
  tgan generate runs/demo --out sum.mp4 --arithmetic "3,5,8 - 1,2,9 + 4,6,7"
  tgan generate runs/actions --out waves.gif --label wave
  tgan generate runs/picture --out wide.png --size 64x200
  tgan generate runs/edges --out translated.png --input my_pictures --seeds 0-11

A folder, named with a slash at the end or without an ending, holds one file per sample, in a
folder per class where there are classes: a PNG of each image with the pixels as they are, an MP4
of each video. It has to be new or empty.
--walk makes a row of videos for each pair of neighbouring seeds, both ends included, along the
arc between their latents, or the straight line (--path lerp).
--arithmetic, whose signs have spaces on both sides, shows the samples of each group of seeds and
what their mean decodes to, and the sum of the means in the middle of eight that have noise added
to it; with --jitter 0 a row of the means, in order, and last the sum. What lies outside [-1, 1]
is moved to the nearest latent that training could draw. A .npy file, and a filmstrip of videos,
has all of them in turn: the samples and the mean of each group, the sum, its variants.
A run with classes gives them to the videos in turn, or those of --label (a walk has one class).
A run that starts from pictures takes those of --input in turn, and shows each sample between its
input picture and the original; in folders and .npy files are samples alone.
"""
# All samples of a file are held in memory until it is written.
MAX_BYTES = 8 * 2**30
# Frames per second of samples where the data have no rate.
FPS = 8
# Radford et al. 2016, Figure 7.
JITTER = 0.25


def main(argv: Sequence[str]) -> None:
    """Parse arguments, sample, write one file or one folder."""
    arguments = _parser().parse_args(argv)
    _check(arguments)
    plan = _plan(arguments)
    rows, columns = parse_grid(arguments.grid or plan.grid, len(plan))

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.data.views import view_of
    from tgan.runs.trained import load

    run = load(arguments.checkpoint, weights=arguments.weights, device=arguments.device)
    labels = None if arguments.label is None else parse_labels(arguments.label, run.classes)
    conditions = run.condition(plan, label=labels, pictures=arguments.input)
    if conditions.columns and not (arguments.grid or plan.grid):
        rows, columns = -(-len(plan) // conditions.columns), conditions.columns
    chosen = {"factor": arguments.slow_motion, "size": arguments.size}
    shape, fps = run.shape(**chosen), arguments.fps
    if fps is None:
        fps = run.fps or FPS
        check_fps(arguments.out, fps)
    view = view_of(run.config.data)
    shown = view.shape(shape)
    scale = arguments.scale or scale_to_show(min(shown[1:3]))

    # Begun last, so that a mistake is one line and costs no time.
    def sample() -> tqdm:
        videos = run.decode(plan, conditions, **chosen, batch_size=arguments.batch_size)
        return tqdm(videos, total=len(plan), unit="image" if shape[0] == 1 else "video")

    if isinstance(plan, Samples) and names_folder(arguments.out):
        ending = view.ending(shape[0])
        names = sample_names(plan.seeds, conditions.classes, ending=ending)
        write_sample_folder(arguments.out, sample(), names, fps=fps, write=view.write)
    elif plan.sheet is not None and _is_drawn(arguments.out, shape):
        check_size(arguments.out, plan.sheet.shape(shown, scale))
        page = plan.sheet.draw(view(_stack(sample(), shape)), scale)
        write_video(arguments.out, with_below(page, view.legend(page.shape[2])), fps=fps)
    elif Path(arguments.out).suffix.lower() == ".npy":
        check_size(arguments.out, (len(plan), *shape))
        write_samples(arguments.out, _stack(sample(), shape), columns=columns)
    else:
        layout = {"columns": columns, "rows": rows, "scale": scale}
        check_size(arguments.out, samples_shape(arguments.out, (len(plan), *shown), **layout))
        pictures = view(conditions.beside(_stack(sample(), shape)))
        write_samples(arguments.out, pictures, fps=fps, legend=view.legend, **layout)
    print(arguments.out)


def parse_labels(text: str, known: Sequence[str]) -> list[str]:
    """The class called `text`, or several with commas between, if there is none of that name."""
    names = [text] if text in known else text.split(",")
    return [name if name in known else name.strip() for name in names]


def check_size(out: str, shape: tuple[int, ...]) -> None:
    """Check the size of the pixels (..., H, W, C) that go into the file `out`.

    Raises:
        ValueError: a picture is wider or higher than its format takes, or all are too large.
    """
    height, width = shape[-3:-1]
    largest = MAX_SIDES.get(Path(out).suffix.lower(), math.inf)
    remedy = "; choose fewer --seeds, a smaller --grid, or a lower --scale or --slow-motion"
    if max(height, width) > largest:
        raise ValueError(
            f"--out {out}: pictures of {width}x{height} pixels, at most {largest} a side{remedy}"
        )
    if math.prod(shape) > MAX_BYTES:
        raise ValueError(
            f"--out {out}: {math.prod(shape) / 2**30:.1f} GiB of pixels, "
            f"at most {MAX_BYTES / 2**30:.0f}{remedy}"
        )


def _parser() -> Parser:
    parser = Parser(
        prog="tgan generate",
        description="Sample from a training run. Sample k depends on its seed alone.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "checkpoint",
        help="a run directory (its newest checkpoint), a checkpoint, or a folder of tgan export",
    )
    endings = ", ".join(WRITERS)
    parser.add_argument(
        "--out",
        required=True,
        help=f"file to write, whose ending is one of {endings}, or folder, such as samples/",
    )
    parser.add_argument("--seeds", help="such as 0-15 or 3,7,20-23 (default 0-15)")
    parser.add_argument(
        "--slow-motion", type=int, default=1, metavar="N", help="clips N times as long (default 1)"
    )
    others = parser.add_mutually_exclusive_group()
    others.add_argument("--walk", type=int, metavar="STEPS", help="from each seed to the next")
    others.add_argument("--arithmetic", metavar="SUM", help="of seeds' latents; see below")
    parser.add_argument("--path", choices=["slerp", "lerp"], help="of a walk (default slerp)")
    parser.add_argument(
        "--jitter", type=float, metavar="J", help=f"noise around a sum (default {JITTER}; 0: none)"
    )
    parser.add_argument("--label", metavar="NAME", help="class, or several with commas between")
    parser.add_argument(
        "--input",
        metavar="DATA",
        help="pictures that a run with data.input starts from: a folder or .npz file, or those "
        "that the run names, train or held-out (default: built-in ones, where the run has such)",
    )
    parser.add_argument(
        "--size",
        type=height_and_width,
        metavar="HxW",
        help="height and width, such as 96x200, for a run of one picture (default: the picture's)",
    )
    parser.add_argument("--given", dest="input", metavar="DATA", help=argparse.SUPPRESS)
    parser.add_argument(
        "--grid",
        help="rows x columns, such as 4x4 (default: nearly square, or a column per class)",
    )
    parser.add_argument(
        "--fps",
        type=float,
        help=f"frames per second (default: those of the data, or {FPS} where they have none)",
    )
    parser.add_argument("--scale", type=int, help="enlarge pixels (default: 96 pixels or more)")
    parser.add_weights()
    parser.add_argument("--batch-size", type=int, default=16, help="made at once (default 16)")
    parser.add_argument("--overwrite", action="store_true", help="replace the file that is there")
    parser.add_argument("--device", default="auto", help="cpu, cuda, ... (default: what there is)")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    if names_folder(arguments.out):
        _check_folder(arguments)
    else:
        check_ending(arguments.out)
        check_writable(arguments.out)
        check_not_there(arguments.out, overwrite=arguments.overwrite)
    if arguments.fps is not None:
        if not MIN_FPS <= arguments.fps <= MAX_FPS:
            raise ValueError(f"--fps {arguments.fps} is not between {MIN_FPS} and {MAX_FPS}")
        check_fps(arguments.out, arguments.fps)
    for option in ("scale", "batch_size", "slow_motion"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            raise ValueError(f"--{option.replace('_', '-')} {value} is not positive")
    if arguments.path is not None and arguments.walk is None:
        raise ValueError(f"--path {arguments.path} is of a --walk, and there is none")
    if arguments.jitter is not None:
        if arguments.arithmetic is None:
            raise ValueError(f"--jitter {arguments.jitter:g} is of --arithmetic; there is none")
        if not 0 <= arguments.jitter <= 1:
            raise ValueError(f"--jitter {arguments.jitter:g} is not between 0 and 1")


def _check_folder(arguments: argparse.Namespace) -> None:
    check_new_folder(arguments.out)
    for option in ("walk", "arithmetic", "grid", "scale"):
        if getattr(arguments, option) is not None:
            raise ValueError(
                f"--{option} is for one file; '{arguments.out}' is a folder of samples as they are"
            )


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.arithmetic is not None:
        if arguments.seeds is not None:
            raise ValueError("--arithmetic names its own seeds; leave --seeds out")
        jitter = JITTER if arguments.jitter is None else arguments.jitter
        if jitter and arguments.grid is not None:
            raise ValueError("--arithmetic has a layout of its own; --grid needs --jitter 0")
        return Sums(parse_sum(arguments.arithmetic), jitter)
    seeds = parse_seeds("0-15" if arguments.seeds is None else arguments.seeds)
    if arguments.walk is None:
        return Samples(seeds)
    return Walks(seeds, arguments.walk, arguments.path or "slerp")


def _is_drawn(out: str, clip: tuple[int, ...]) -> bool:
    """Whether a file shows a picture, or one that moves: neither pixels nor a filmstrip."""
    ending = Path(out).suffix.lower()
    return ending != ".npy" and (ending != ".png" or clip[0] == 1)


def _stack(videos: tqdm, clip: tuple[int, ...]) -> np.ndarray:
    """All videos in one array (N, T, H, W, C), uint8."""
    stack = np.empty((len(videos), *clip), np.uint8)
    for place, video in zip(stack, videos, strict=True):
        place[:] = video
    return stack
