"""`tgan prepare`: videos of any format in, a folder that training reads fast out."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser, fail
from tgan.cli.seeds import parse_seeds
from tgan.data.packed.index import Index
from tgan.data.packed.prepare import Prepared, prepare
from tgan.data.packed.verify import verify
from tgan.data.videos.frames import ASPECTS
from tgan.data.videos.sources import LABELS
from tgan.lookup import counted

# Classes in the summary.
_SHOWN = 12
_EXAMPLES = """\
examples:
  tgan prepare my_videos --out data/mine
  tgan prepare my_videos --fps 12 --out data/mine12
  tgan prepare UCF-101 --split trainlist01.txt --out data/ucf101
  tgan prepare mnist_test_seq.npy --channels 1 --out data/moving_mnist
  tgan prepare mocogan/data/actions --labels folders --strips --out data/weizmann
  tgan prepare actions --labels folders --exclude '*/0000004[89].jpg' --out data/train
  tgan prepare sprites.npz --labels npz --labels-key action --loop 16 --rows 0-1214 --out data/s
  tgan prepare --verify data/mine

A SOURCE is a video file, a folder searched to any depth (links are followed; pictures with
numbers, frame_0001.png and so on, are the frames of a video), a picture with square frames side
by side, a .npy file of videos, or a .npz file with an array `video`, (N, T, H, W) or
(N, T, H, W, C). A GLOB is of the path below the SOURCE; its * matches / too. Files that cannot
be decoded are named and skipped; every file that was found is counted. A run that was interrupted
goes on when the same command is given again.
"""


def main(argv: Sequence[str]) -> None:
    """Pack videos as the command line says, and print what was kept.

    Raises:
        ValueError: a mistake in the arguments or the files.
        OSError: the disk is full, say.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    settings = vars(arguments)
    folder = settings.pop("verify")
    if folder is not None:
        if len(argv) > 2 or arguments.source:
            parser.error("--verify FOLDER stands alone")
        index = verify(folder)
        shards = counted(len(index.shards), "shard")
        print(f"{folder}: {shards}, {counted(index.num_frames, 'frame')}, as they were packed")
        return
    if not arguments.source or arguments.out is None:
        parser.error("the following arguments are required: SOURCE, --out")
    if arguments.rows is not None:
        settings["rows"] = parse_seeds(arguments.rows, option="--rows")
    if arguments.labels_columns is not None:
        settings["labels_columns"] = parse_pair(arguments.labels_columns)
    try:
        prepared = prepare(settings.pop("source"), settings.pop("out"), **settings)
    except KeyboardInterrupt:
        fail("tgan prepare: interrupted; give the same command again to go on", status=130)
    if prepared.is_new:
        _report(prepared)
    else:
        print(f"{prepared.path} is complete already, nothing to do: {prepared}")


def _parser() -> Parser:
    parser = Parser(
        prog="tgan prepare",
        description="Pack videos into memory-mapped shards that training reads fast.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("source", nargs="*", type=Path, metavar="SOURCE", help="video file or folder")
    add("--out", type=Path, metavar="DIR", help="new folder for the result")
    add("--resolution", type=int, default=64, metavar="N", help="side of a frame (default 64)")
    add("--channels", type=int, default=3, choices=(1, 3), help="3 for RGB (default), 1 for grey")
    add("--fps", type=float, metavar="F", help="resample all videos to F frames a second")
    add("--stride", type=int, default=1, metavar="N", help="keep every N-th frame (default 1)")
    add("--min-frames", type=int, default=16, metavar="N", help="shorter videos go (default 16)")
    add("--loop", type=int, metavar="N", help="repeat videos shorter than N frames up to N")
    add("--aspect", choices=ASPECTS, default="crop", help="crop the middle (default) or stretch")
    add(
        "--labels",
        choices=LABELS,
        help="classes: sub-folders of SOURCE, a list, or an array beside the videos",
    )
    add(
        "--labels-file",
        type=Path,
        metavar="FILE",
        help="for --labels csv: a list of files, classes",
    )
    add("--labels-columns", metavar="FILE,CLASS", help="its columns, by heading or number from 1")
    add("--labels-key", metavar="KEY", help="for --labels npz: the array's name")
    several = {"action": "extend", "nargs": "+", "default": []}
    add(
        "--split",
        type=Path,
        dest="splits",
        **several,
        metavar="FILE",
        help="lists of UCF-101 or HMDB-51 (FILE#train, FILE#test): take these videos",
    )
    add("--only", **several, metavar="GLOB", help="take these files, such as '*_train.mp4'")
    add("--exclude", **several, metavar="GLOB", help="leave these files out")
    add("--rows", metavar="ROWS", help="take these videos of .npy and .npz files, such as 0-99,120")
    add("--strips", action="store_true", help="every picture must be a strip of square frames")
    add("--axes", metavar="AXES", help="order of the axes of arrays, such as TNHW or NTHWC")
    add("--frame-rate", type=float, metavar="F", help="of folders of frames, strips and arrays")
    add(
        "--pixel-bounds",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="black and white of pictures of more than 8 bits (default: the range of 16 bits)",
    )
    add("--workers", type=int, metavar="N", help="processes (default all)")
    add("--verify", type=Path, metavar="FOLDER", help="check a packed folder's bytes; stands alone")
    add("--strict", action="store_true", help="stop at what is skipped, too short or there twice")
    return parser


def _classes(index: Index) -> str:
    """Names of classes and their numbers of videos, those of as many as can be read at a glance."""
    numbers = Counter(video.label for video in index.videos)
    shown = [f"{name} ({numbers[k]})" for k, name in enumerate(index.labels[:_SHOWN])]
    more = len(index.labels) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def parse_pair(text: str) -> tuple[str, str]:
    """Split `FILE,CLASS`.

    Raises:
        ValueError: there are not two names.
    """
    names = tuple(name.strip() for name in text.split(","))
    if len(names) != 2 or not all(names):
        raise ValueError(f"--labels-columns needs two names, FILE,CLASS, not '{text}'")
    return names


def _report(prepared: Prepared) -> None:
    index = prepared.index
    for what, pairs in (
        ("note", index.notes),
        ("skipped", index.skipped),
        ("too short", index.too_short),
        ("not taken", index.not_taken),
        ("no video for", index.unmatched),
    ):
        for name, reason in pairs:
            print(f"{what} {name}: {reason}", file=sys.stderr)
    for line in prepared.remarks:
        print(f"note: {line}", file=sys.stderr)
    if index.labels:
        print(f"classes: {_classes(index)}")
    print(f"{index.account}")
    print(f"{prepared.path}: {prepared}")
