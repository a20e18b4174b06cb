"""`tgan generate`: write sampled videos."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser
from tgan.config import Config
from tgan.files import check_writable
from tgan.video import MAX_SIDES, WRITERS, check_ending, samples_shape, write_samples

EXAMPLES = """\
examples:
  tgan generate runs/demo --out samples.mp4
  tgan generate runs/demo --out samples.png --seeds 0-3
  tgan generate runs/demo/checkpoints/step_00001000 --out grid.gif --seeds 7,9,20-33 --grid 4x4
  tgan generate runs/demo --out thousand.npy --seeds 0-999
"""
# Samples are shown at this many pixels at least unless --scale says otherwise.
SHOWN_SIDE = 96
# All samples are held in memory until the file is written.
MAX_SEEDS = 1_000_000
MAX_BYTES = 8 * 2**30
MIN_FPS, MAX_FPS = 0.1, 1000


def main(argv: Sequence[str]) -> None:
    """Parse arguments, sample, write one file."""
    arguments = _parser().parse_args(argv)
    _check(arguments)
    seeds = parse_seeds(arguments.seeds)
    rows, columns = parse_grid(arguments.grid, len(seeds))

    # Only now the heavy imports: mistakes above are answered at once.
    import numpy as np
    from tqdm import tqdm

    from tgan.build import load_generator
    from tgan.sampling import sample_videos

    generator, config = load_generator(arguments.checkpoint, weights=arguments.weights)
    generator.to(_device(arguments.device))
    shape = (len(seeds), *_clip_shape(config))
    scale = arguments.scale or max(math.ceil(SHOWN_SIDE / config.data.resolution), 1)
    layout = {"columns": columns, "rows": rows, "scale": scale}
    check_size(arguments.out, samples_shape(arguments.out, shape, **layout))

    videos = np.empty(shape, np.uint8)
    samples = sample_videos(
        generator, seeds, size=config.generator.z_slow, batch_size=arguments.batch_size
    )
    for video, sample in zip(videos, tqdm(samples, total=len(seeds), unit="video"), strict=True):
        video[:] = sample
    write_samples(arguments.out, videos, fps=arguments.fps, **layout)
    print(arguments.out)


def parse_seeds(text: str) -> list[int]:
    """Seeds from text such as `0-15` or `3,5,10-12`.

    Raises:
        ValueError: anything else, or more than `MAX_SEEDS`.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.strip().isdecimal() or (dash and not last.strip().isdecimal()):
            raise ValueError(
                f"--seeds '{text}'; numbers and ranges are needed, such as 0-15 or 3,7"
            )
        begin, end = int(first), int(last or first) + 1
        if end <= begin:
            raise ValueError(f"--seeds '{text}': the range {part} runs backwards")
        if len(seeds) + end - begin > MAX_SEEDS:
            raise ValueError(f"--seeds '{text}' are more than {MAX_SEEDS}")
        seeds.extend(range(begin, end))
    return seeds


def parse_grid(text: str | None, count: int) -> tuple[int, int]:
    """Rows and columns from text such as `4x4`; nearly square for `count` samples if None.

    Raises:
        ValueError: anything else, or too few cells.
    """
    if text is None:
        columns = math.ceil(math.sqrt(count))
        return math.ceil(count / columns), columns
    rows, cross, columns = text.lower().partition("x")
    if not cross or not rows.isdecimal() or not columns.isdecimal():
        raise ValueError(f"--grid '{text}'; rows and columns are needed, such as 4x4")
    if int(rows) * int(columns) < count:
        raise ValueError(f"--grid {text} has fewer cells than the {count} --seeds")
    return int(rows), int(columns)


def check_size(out: str, shape: tuple[int, ...]) -> None:
    """Check the size of the pixels (..., H, W, C) that go into the file `out`.

    Raises:
        ValueError: a picture is wider or higher than its format takes, or all are too large.
    """
    height, width = shape[-3:-1]
    largest = MAX_SIDES.get(Path(out).suffix.lower(), math.inf)
    remedy = "; choose fewer --seeds, a smaller --grid or a lower --scale"
    if max(height, width) > largest:
        raise ValueError(
            f"--out {out}: pictures of {width}x{height} pixels, at most {largest} a side{remedy}"
        )
    if math.prod(shape) > MAX_BYTES:
        raise ValueError(
            f"--out {out}: {math.prod(shape) / 2**30:.1f} GiB of pixels, "
            f"at most {MAX_BYTES / 2**30:.0f}{remedy}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tgan generate",
        description="Sample videos from a training run. Sample k depends on its seed alone.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "checkpoint", help="a run directory (its newest checkpoint) or a checkpoint"
    )
    endings = ", ".join(WRITERS)
    parser.add_argument(
        "--out", required=True, help=f"file to write; its ending is one of {endings}"
    )
    parser.add_argument("--seeds", default="0-15", help="such as 0-15 or 3,7,20-23 (default 0-15)")
    parser.add_argument("--grid", help="rows x columns, such as 4x4 (default: nearly square)")
    parser.add_argument("--fps", type=float, default=8, help="frames per second (default 8)")
    parser.add_argument("--scale", type=int, help="enlarge pixels (default: 96 pixels or more)")
    parser.add_argument(
        "--weights",
        choices=["auto", "generator", "average"],
        default="auto",
        help="the generator's own, or their running mean (default: the mean if there is one)",
    )
    parser.add_argument("--batch-size", type=int, default=16, help="made at once (default 16)")
    parser.add_argument("--device", default="auto", help="cpu, cuda, ... (default: what there is)")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    check_ending(arguments.out)
    check_writable(arguments.out)
    if not MIN_FPS <= arguments.fps <= MAX_FPS:
        raise ValueError(f"--fps {arguments.fps} is not between {MIN_FPS} and {MAX_FPS}")
    for option in ("scale", "batch_size"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            raise ValueError(f"--{option.replace('_', '-')} {value} is not positive")


def _clip_shape(config: Config) -> tuple[int, int, int, int]:
    data = config.data
    return (data.num_frames, data.resolution, data.resolution, data.channels)


def _device(name: str) -> str:
    """A device's name once it has held a number, which `meta`, say, cannot."""
    import torch

    if name == "auto":
        available = torch.accelerator.is_available()
        return str(torch.accelerator.current_accelerator()) if available else "cpu"
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).splitlines()[0].split(". ")[0]
        raise ValueError(f"--device {name} cannot be used: {reason}") from None
    return name
