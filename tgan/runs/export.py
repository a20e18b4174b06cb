"""A generator as one file that runs without this package: PyTorch's pt2, or ONNX.

What is written is loaded again and compared with the generator before it is kept.
"""

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tgan import __version__
from tgan.config import Config
from tgan.lookup import look_up
from tgan.models.conditions import conditioning_of
from tgan.system.files import write_whole

# What batches the file is tried with, and how far it may be off.
TRIED = (1, 2, 5)
ONNX_TOLERANCE = 1e-5
LATENT, LABELS, PICTURE, OUTPUT = "latent", "labels", "picture", "videos"
# The axis of the samples.
BATCH = "N"

Inputs = tuple[Tensor, ...]


def export_generator(
    generator: nn.Module, config: Config, path: Path, *, kind: str, classes: Sequence[str] = ()
) -> None:
    """Write a generator, and beside it `<path>.json`, which says what goes in and comes out.

    The batch is of any size. The file appears only if it gives what the generator gives: exactly
    for pt2, to 1e-5 for ONNX.

    Args:
        generator: on the CPU, in inference mode.
        kind: a key of `FORMATS`.
        classes: names of the classes that it is conditioned on.

    Raises:
        ValueError: no such format, or a package that it needs is not installed.
        ArithmeticError: the written file gives something else.
    """
    refuse_pyramid(config)
    form = look_up(FORMATS, kind, kind="format")
    check_installed(kind)

    def write(part: Path) -> None:
        form.write(generator, example_inputs(config, 2, classes), part)
        compare(generator, form.open(part), config, classes, tolerance=form.tolerance)

    write_whole(path, write)
    text = json.dumps(card(config, classes) | {"format": kind}, indent=2) + "\n"
    write_whole(card_path(path), lambda part: part.write_text(text))


def refuse_pyramid(config: Config) -> None:
    """Raise a ValueError for a run of one picture, whose generator is its whole use."""
    if config.generator.name == "pyramid":
        raise ValueError(
            "generator.name pyramid is not exported: its samples are of any size, and changed "
            "pictures need its stages; hand on a checkpoint of the run, a few megabytes"
        )


def card_path(path: Path) -> Path:
    """Where the description of the exported file `path` lies."""
    return path.with_name(path.name + ".json")


def card(config: Config, classes: Sequence[str] = ()) -> dict[str, Any]:
    """What goes into an exported generator and what comes out, fit for JSON."""
    data, size = config.data, config.generator.z_slow
    sides = [data.num_frames, data.resolution, data.resolution]
    input_channels = conditioning_of(config, classes).input_channels
    inputs = {
        LATENT: {"shape": [BATCH, size], "dtype": "float32", "drawn": "uniformly from [-1, 1]"}
    }
    if config.conditional:
        inputs[LABELS] = {"shape": [BATCH], "dtype": "int64", "classes": dict(enumerate(classes))}
    pixels = {
        "axes": "sample, channel, frame, row, column",
        "dtype": "float32",
        "range": "[-1, 1]; a byte is round(128 x + 128), clamped to 0 to 255",
    }
    if input_channels:
        shape = [BATCH, input_channels, *sides]
        inputs[PICTURE] = {"shape": shape, "derived": data.input, **pixels}
    output = {"shape": [BATCH, data.channels, *sides], **pixels}
    made_by = {"tgan": __version__, "torch": torch.__version__}
    return {"inputs": inputs, "outputs": {OUTPUT: output}, "made_by": made_by}


def example_inputs(config: Config, count: int, classes: Sequence[str] = ()) -> Inputs:
    """Latents, and the condition of a conditional generator, for `count` samples."""
    rng = torch.Generator().manual_seed(count)
    latent = torch.rand(count, config.generator.z_slow, generator=rng) * 2 - 1
    data, labels = config.data, torch.arange(count) % max(len(classes), 1)
    size = (count, data.channels, data.num_frames, data.resolution, data.resolution)
    samples = torch.rand(size, generator=rng) * 2 - 1
    return (latent, *conditioning_of(config, classes).of(samples, labels))


@torch.no_grad()
def compare(
    generator: nn.Module,
    exported: Callable[..., Tensor],
    config: Config,
    classes: Sequence[str] = (),
    *,
    tolerance: float,
) -> None:
    """Raise ArithmeticError where an exported generator differs from the generator itself."""
    for count in TRIED:
        inputs = example_inputs(config, count, classes)
        expected, found = generator(*inputs), exported(*inputs)
        if found.shape != expected.shape:
            raise ArithmeticError(
                f"a batch of {count}: the file gives shape {tuple(found.shape)}, the generator "
                f"{tuple(expected.shape)}"
            )
        error = (found - expected).abs().max().item()
        if not error <= tolerance:
            raise ArithmeticError(
                f"a batch of {count}: the file is off by {error:.2g}, more than {tolerance:g}"
            )


def check_installed(kind: str) -> None:
    """Raise a ValueError that says what to install unless a format can be written."""
    for package in look_up(FORMATS, kind, kind="format").packages:
        if importlib.util.find_spec(package) is None:
            raise ValueError(f"{package} is not installed: pip install 'tgan-video[onnx]'")


def _program(generator: nn.Module, inputs: Inputs) -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch", min=1)
    # Tuples, one for each argument.
    shapes = tuple({0: batch} for _ in inputs)
    with torch.no_grad():
        return torch.export.export(generator, inputs, dynamic_shapes=shapes)


class Pt2:
    """PyTorch's own format: `torch.export.load(path).module()(latent)`."""

    packages: tuple[str, ...] = ()
    tolerance = 0.0

    @staticmethod
    def write(generator: nn.Module, inputs: Inputs, path: Path) -> None:
        torch.export.save(_program(generator, inputs), path)

    @staticmethod
    def open(path: Path) -> Callable[..., Tensor]:
        return torch.export.load(path).module()


class Onnx:
    """ONNX, for other runtimes and languages."""

    packages = ("onnx", "onnxscript", "onnxruntime")
    tolerance = ONNX_TOLERANCE

    @staticmethod
    def write(generator: nn.Module, inputs: Inputs, path: Path) -> None:
        names = [LATENT, *(PICTURE if x.is_floating_point() else LABELS for x in inputs[1:])]
        program = torch.onnx.export(
            _program(generator, inputs),
            dynamo=True,
            input_names=names,
            output_names=[OUTPUT],
            # As the card calls it; all inputs share it, and it is named once.
            dynamic_shapes=({0: BATCH}, *(None for _ in inputs[1:])),
            verbose=False,
        )
        program.save(path)

    @staticmethod
    def open(path: Path) -> Callable[..., Tensor]:
        from onnxruntime import InferenceSession

        session = InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [entry.name for entry in session.get_inputs()]

        def run(*inputs: Tensor) -> Tensor:
            arrays = {n: t.numpy() for n, t in zip(names, inputs, strict=True)}
            return torch.from_numpy(np.asarray(session.run(None, arrays)[0]))

        return run


FORMATS: dict[str, type[Pt2] | type[Onnx]] = {"pt2": Pt2, "onnx": Onnx}
