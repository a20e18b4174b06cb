"""`tgan prepare`: videos of any format in, a folder that training reads fast out."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser, fail
from tgan.cli.seeds import parse_seeds
from tgan.data.packed.index import INDEX_NAME, Index, Settings
from tgan.data.packed.pack import pack
from tgan.data.videos.frames import ASPECTS
from tgan.data.videos.selection import Selection
from tgan.data.videos.sources import find_sources
from tgan.lookup import counted

_EXAMPLES = """\
examples:
  tgan prepare my_videos --out data/mine
  tgan prepare UCF-101 --split trainlist01.txt --out data/ucf101
  tgan prepare mnist_test_seq.npy --channels 1 --out data/moving_mnist
  tgan prepare mocogan/data/actions --labels folders --strips --out data/weizmann
  tgan prepare actions --labels folders --exclude '*/0000004[89].jpg' --out data/train
  tgan prepare sprites.npz --labels npz --labels-key action --loop 16 --rows 0-1214 --out data/s

A SOURCE is a video file, a folder searched to any depth, a picture with square frames side by
side, a .npy file of grey videos (T, N, H, W), or a .npz file with an array `video` (N, T, H, W)
or (N, T, H, W, C). A GLOB is of the path below the SOURCE; its * matches / too. Files that cannot
be decoded are named and skipped. A run that was interrupted goes on when the same command is
given again.
"""


def main(argv: Sequence[str]) -> None:
    """Pack videos as the command line says, and print what was kept.

    Raises:
        ValueError: a mistake in the arguments or the files.
        OSError: the disk is full, say.
    """
    arguments = _parser().parse_args(argv)
    _check(arguments)
    try:
        _prepare(arguments)
    except KeyboardInterrupt:
        fail("tgan prepare: interrupted; give the same command again to go on", status=130)


def _prepare(arguments: argparse.Namespace) -> None:
    scan = find_sources(
        arguments.source,
        labels=arguments.labels,
        labels_file=arguments.labels_file,
        labels_key=arguments.labels_key,
        splits=arguments.split,
        strips=arguments.strips,
        selection=_selection(arguments),
    )
    settings = Settings(
        resolution=arguments.resolution,
        channels=arguments.channels,
        stride=arguments.stride,
        min_frames=arguments.min_frames,
        aspect=arguments.aspect,
        loop=arguments.loop,
    )
    out = arguments.out
    complete = (out / INDEX_NAME).exists()
    index = pack(scan, out, settings, workers=arguments.workers, strict=arguments.strict)
    if complete:
        print(f"{out} is complete already, nothing to do: {_summary(index)}")
    else:
        _report(index, num_ignored=scan.num_ignored, out=out)


def _selection(arguments: argparse.Namespace) -> Selection:
    rows = arguments.rows
    return Selection(
        only=tuple(arguments.only),
        exclude=tuple(arguments.exclude),
        rows=None if rows is None else frozenset(parse_seeds(rows, option="--rows")),
    )


def _parser() -> Parser:
    parser = Parser(
        prog="tgan prepare",
        description="Pack videos into memory-mapped shards that training reads fast.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("source", nargs="+", type=Path, metavar="SOURCE", help="video file or folder")
    add("--out", type=Path, required=True, metavar="DIR", help="new folder for the result")
    add("--resolution", type=int, default=64, metavar="N", help="side of a frame (default 64)")
    add("--channels", type=int, default=3, choices=(1, 3), help="3 for RGB (default), 1 for grey")
    add("--stride", type=int, default=1, metavar="N", help="keep every N-th frame (default 1)")
    add("--min-frames", type=int, default=16, metavar="N", help="shorter videos go (default 16)")
    add("--loop", type=int, metavar="N", help="repeat videos shorter than N frames up to N")
    add("--aspect", choices=ASPECTS, default="crop", help="crop the middle (default) or stretch")
    add(
        "--labels",
        choices=("folders", "csv", "npz"),
        help="classes: sub-folders of SOURCE, a list, or an array beside the videos",
    )
    add("--labels-file", type=Path, metavar="FILE", help="for --labels csv: lines 'file,label'")
    add("--labels-key", metavar="KEY", help="for --labels npz: the array's name")
    several = {"action": "extend", "nargs": "+", "default": []}
    add("--split", type=Path, **several, metavar="FILE", help="UCF-101 lists: take these videos")
    add("--only", **several, metavar="GLOB", help="take these files, such as '*_train.mp4'")
    add("--exclude", **several, metavar="GLOB", help="leave these files out")
    add("--rows", metavar="ROWS", help="take these videos of .npy and .npz files, such as 0-99,120")
    add("--strips", action="store_true", help="every picture must be a strip of square frames")
    add("--workers", type=int, default=os.cpu_count(), metavar="N", help="processes (default all)")
    add("--strict", action="store_true", help="stop at a file that cannot be decoded")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    if (arguments.labels == "csv") != (arguments.labels_file is not None):
        raise ValueError("--labels csv and --labels-file FILE go together")
    if (arguments.labels == "npz") != (arguments.labels_key is not None):
        raise ValueError("--labels npz and --labels-key KEY go together")
    if arguments.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {arguments.workers}")
    out = arguments.out.resolve()
    for source in arguments.source:
        if out == source.resolve() or source.resolve() in out.parents:
            raise ValueError(f"--out {arguments.out} lies inside the SOURCE {source}")


def _report(index: Index, *, num_ignored: int, out: Path) -> None:
    for name, reason in index.skipped:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    for name, reason in index.too_short:
        print(f"too short {name}: {reason}", file=sys.stderr)
    print(f"{out}: {_summary(index)}, {counted(num_ignored, 'other file')} ignored")


def _summary(index: Index) -> str:
    settings = index.settings
    shape = f"{settings.resolution}x{settings.resolution}x{settings.channels}"
    megabytes = index.num_frames * settings.frame_bytes / 1e6
    return (
        f"{counted(len(index.videos), 'video')} kept ({counted(index.num_frames, 'frame')} of"
        f" {shape}, {megabytes:.1f} MB), {counted(len(index.labels), 'class', 'classes')},"
        f" {len(index.skipped)} skipped,"
        f" {len(index.too_short)} too short"
    )
