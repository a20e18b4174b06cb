"""`tgan train-classifier`: a small network that tells the classes of labelled clips apart."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tgan.cli import Parser
from tgan.lookup import counted
from tgan.system.files import check_not_there, check_writable

if TYPE_CHECKING:
    from tgan.data.clips import ClipSource

    _Data = tuple[ClipSource, ClipSource | None, dict[str, Any]]

EXAMPLES = """\
examples:
  tgan prepare my_videos --labels folders --out data/mine
  tgan train-classifier data/mine --out classifier.safetensors
  tgan train-classifier data/train --held-out data/test --steps 2000 --out classifier.safetensors
  tgan train-classifier my_pictures --num-frames 1 --resolution 64 --out classifier.safetensors
  tgan train-classifier digits.npz --labels-key labels --num-frames 1 --out classifier.safetensors
  tgan train-classifier configs/demo.yaml --num-frames 1 --out digits.safetensors

Pictures, which --num-frames 1 asks for, lie in a folder per class or in a .npz file.
Of a configuration the data count, and what it holds out itself. Otherwise, without --held-out,
every sixth video or picture of each class is held out. Where some belong together (one person, one
scene, mirrored copies), name two folders so that none is on both sides.
"""
ENDING, CONFIGURATIONS = ".safetensors", (".yaml", ".yml")
# In a clip, unless another number is asked for or configured.
FRAMES = 16
# The convolutions halve the side four times.
MIN_SIDE = 16


def main(argv: Sequence[str]) -> None:
    """Parse arguments, train, measure the accuracy on held-out clips, write one file."""
    arguments = _parser().parse_args(argv)
    _check(arguments)
    clips, held_out, of_clips = _open(arguments)

    from tqdm import tqdm

    from tgan.data.labelled import training_parts
    from tgan.features.classifier import ClassifierFacts, write_classifier
    from tgan.system.device import pick_device
    from tgan.training.classifier import count_correct, train_classifier

    train_part, test_part = training_parts(clips, held_out)
    side = arguments.resolution or clips.shape[1]
    sizes = {"side": side, "batch_size": arguments.batch_size}
    device = pick_device(arguments.device)
    kind = "image" if clips.shape[0] == 1 else "video"
    training = counted(len(train_part), kind)
    print(f"{len(clips.labels)} classes, {training} to train, {len(test_part)} held out")
    with tqdm(total=arguments.steps, unit="step") as bar:

        def report(loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update()

        network = train_classifier(
            train_part,
            **sizes,
            steps=arguments.steps,
            seed=arguments.seed,
            device=device,
            workers=arguments.workers,
            report=report,
        )
    correct = count_correct(network, test_part, **sizes, device=device)
    facts = ClassifierFacts(
        labels=clips.labels,
        resolution=side,
        **of_clips,
        steps=arguments.steps,
        seed=arguments.seed,
        data=arguments.data.resolve().name,
        held_out_clips=len(test_part),
        held_out_accuracy=correct / len(test_part),
    )
    write_classifier(arguments.out, network, facts)
    of_all = f"{correct} of {counted(len(test_part), kind)}"
    print(f"held-out accuracy {facts.held_out_accuracy:.1%} ({of_all})")
    print(arguments.out)


def _parser() -> Parser:
    parser = Parser(
        prog="tgan train-classifier",
        description="Train a small network on labelled videos or images, for scores of samples.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "data",
        type=Path,
        metavar="DATA",
        help="folder that `tgan prepare --labels` made, pictures (--num-frames 1), or the data of "
        "a configuration (*.yaml)",
    )
    add("--out", type=Path, required=True, metavar="FILE", help=f"file to write, *{ENDING}")
    add("--held-out", type=Path, metavar="DATA", help="other such data, for the accuracy")
    add("--labels-key", metavar="KEY", help="array of a .npz file that names the classes")
    add("--steps", type=int, default=600, metavar="N", help="training steps (default 600)")
    add("--batch-size", type=int, default=16, metavar="N", help="clips in a step (default 16)")
    add("--seed", type=int, default=0, metavar="S", help="of weights and order (default 0)")
    add("--resolution", type=int, metavar="N", help="side that the network sees (default DATA's)")
    add("--num-frames", type=int, metavar="N", help=f"of a clip (default {FRAMES})")
    add("--stride", type=int, metavar="N", help="between its frames (default 1)")
    add("--overwrite", action="store_true", help="replace the file that is there")
    add("--device", default="auto", help="cpu, cuda, ... (default: what there is)")
    add("--workers", type=int, default=0, metavar="N", help="processes that load (default 0)")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    if arguments.out.suffix != ENDING:
        raise ValueError(f"--out {arguments.out}: the name of the file must end in {ENDING}")
    if arguments.held_out and arguments.data.suffix in CONFIGURATIONS:
        raise ValueError(
            f"--held-out {arguments.held_out}: {arguments.data} names what is held out itself, as "
            "data.held_out_path"
        )
    check_writable(arguments.out)
    check_not_there(arguments.out, overwrite=arguments.overwrite)
    smallest = {
        "steps": 1,
        "batch_size": 1,
        "num_frames": 1,
        "stride": 1,
        "seed": 0,
        "workers": 0,
        "resolution": MIN_SIDE,
    }
    for option, least in smallest.items():
        value = getattr(arguments, option)
        if value is not None and value < least:
            raise ValueError(f"--{option.replace('_', '-')} {value} is below {least}")


def _open(arguments: argparse.Namespace) -> "_Data":
    """Clips to train on and held-out ones, None for a part of the former, and facts of both."""
    # Only now the heavy imports: mistakes in arguments are answered at once.
    from tgan.config.reading import make_config
    from tgan.data.labelled import open_configured, open_labelled

    path, other = arguments.data, arguments.held_out
    asked = {name: getattr(arguments, name) for name in ("num_frames", "stride", "resolution")}
    sizes = {name: size for name, size in asked.items() if size is not None}
    if path.suffix in CONFIGURATIONS:
        data = replace(make_config(path).data, **sizes)
        clips, held_out = open_configured(data)
        facts = {"stride": data.stride, "held_out": held_out and path.name}
    else:
        sizes = {"num_frames": FRAMES, "stride": 1} | sizes
        clips, held_out = (
            part and open_labelled(part, **sizes, labels_key=arguments.labels_key)
            for part in (path, other)
        )
        facts = {"stride": sizes["stride"], "held_out": other and other.resolve().name}
    for name, reason in [pair for source in (clips, held_out) if source for pair in source.skipped]:
        print(f"skipped {name}: {reason}")
    return clips, held_out, facts | {"num_frames": clips.shape[0]}
