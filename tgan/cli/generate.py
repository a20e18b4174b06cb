"""`tgan generate`: write sampled videos."""

import argparse
import math
from collections.abc import Sequence

from tgan.cli import Parser
from tgan.video import WRITERS, check_ending, write_samples

EXAMPLES = """\
examples:
  tgan generate runs/demo --out samples.mp4
  tgan generate runs/demo --out samples.png --seeds 0-3
  tgan generate runs/demo/checkpoints/step_00001000 --out grid.gif --seeds 7,9,20-33 --grid 4x4
  tgan generate runs/demo --out thousand.npy --seeds 0-999
"""
# Samples are shown at this many pixels at least unless --scale says otherwise.
SHOWN_SIDE = 96


def main(argv: Sequence[str]) -> None:
    """Parse arguments, sample, write one file."""
    arguments = _parser().parse_args(argv)
    check_ending(arguments.out)
    for option in ("fps", "scale", "batch_size"):
        value = getattr(arguments, option)
        if value is not None and value <= 0:
            raise ValueError(f"--{option.replace('_', '-')} {value} is not positive")
    seeds = parse_seeds(arguments.seeds)
    rows, columns = parse_grid(arguments.grid, len(seeds))

    import numpy as np
    import torch
    from tqdm import tqdm

    from tgan.build import load_generator
    from tgan.sampling import sample_videos

    generator, config = load_generator(arguments.checkpoint, weights=arguments.weights)
    generator.to(_device(torch, arguments.device))
    samples = sample_videos(
        generator, seeds, size=config.generator.z_slow, batch_size=arguments.batch_size
    )
    shape = (len(seeds), *_clip_shape(config))
    videos = np.empty(shape, np.uint8)
    for video, sample in zip(videos, tqdm(samples, total=len(seeds), unit="video"), strict=True):
        video[:] = sample
    scale = arguments.scale or max(math.ceil(SHOWN_SIDE / config.data.resolution), 1)
    write_samples(arguments.out, videos, columns=columns, fps=arguments.fps, scale=scale)
    print(arguments.out)


def parse_seeds(text: str) -> list[int]:
    """Seeds from text such as `0-15` or `3,5,10-12`.

    Raises:
        ValueError: anything else.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.strip().isdigit() or (dash and not last.strip().isdigit()):
            raise ValueError(
                f"--seeds '{text}'; numbers and ranges are needed, such as 0-15 or 3,7"
            )
        span = range(int(first), int(last or first) + 1)
        if not span:
            raise ValueError(f"--seeds '{text}': the range {part} runs backwards")
        seeds.extend(span)
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
    if not cross or not rows.isdigit() or not columns.isdigit():
        raise ValueError(f"--grid '{text}'; rows and columns are needed, such as 4x4")
    if int(rows) * int(columns) < count:
        raise ValueError(f"--grid {text} has fewer cells than the {count} --seeds")
    return int(rows), int(columns)


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


def _clip_shape(config) -> tuple[int, int, int, int]:
    data = config.data
    return (data.num_frames, data.resolution, data.resolution, data.channels)


def _device(torch, name: str):
    if name == "auto":
        available = torch.accelerator.is_available()
        return torch.accelerator.current_accelerator() if available else torch.device("cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"--device {name} cannot be used: {str(error).splitlines()[0]}") from None
