"""A network as one file that runs without this package: PyTorch's pt2, or ONNX.

What is written is loaded again and compared with the network before it is kept. Networks are
generators, or the classifier that a critic has become.
"""

import importlib.util
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tgan import __version__
from tgan.config import Config, DataConfig
from tgan.config.data_sets import DATA_SETS
from tgan.config.tiles import TileSet
from tgan.lookup import look_up
from tgan.models.conditions import conditioning_of
from tgan.system.files import write_whole

# What batches the file is tried with, and how far it may be off.
TRIED = (1, 2, 5)
ONNX_TOLERANCE = 1e-5
LATENT, LABELS, PICTURE, OUTPUT = "latent", "labels", "picture", "videos"
CLIPS, PROBABILITIES = "clips", "probabilities"
_PIXELS = {"axes": "sample, channel, frame, row, column", "dtype": "float32"}
# The axis of the samples.
BATCH = "N"

Inputs = tuple[Tensor, ...]
# Example inputs for so many samples.
Examples = Callable[[int], Inputs]


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
    inputs = partial(example_inputs, config, classes=classes)
    _export(generator, inputs, card(config, classes), path, kind=kind)


def export_classifier(
    classifier: nn.Module, config: Config, path: Path, *, kind: str, classes: Sequence[str]
) -> None:
    """Write a classifier of clips as `export_generator` writes a generator.

    Args:
        classifier: maps clips to probabilities of `classes`, such as
            `tgan.runs.trained.TrainedRun.classifier`; on the CPU, in inference mode.

    Raises:
        ValueError, ArithmeticError: as `export_generator`.
    """
    inputs = partial(example_clips, config)
    _export(classifier, inputs, classifier_card(config, classes), path, kind=kind)


def _export(
    network: nn.Module, inputs: Examples, about: dict[str, Any], path: Path, *, kind: str
) -> None:
    form = look_up(FORMATS, kind, kind="format")
    check_installed(kind)

    def write(part: Path) -> None:
        form.write(network, inputs(2), part, about)
        _compare(network, form.open(part), inputs, tolerance=form.tolerance)

    write_whole(path, write)
    text = json.dumps(about | {"format": kind}, indent=2) + "\n"
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
    pixels = _PIXELS | {"range": "[-1, 1]; a byte is round(128 x + 128), clamped to 0 to 255"}
    if input_channels:
        shape = [BATCH, input_channels, *sides]
        inputs[PICTURE] = {"shape": shape, "derived": data.input, **pixels}
    output = {"shape": [BATCH, data.channels, *sides], **pixels, **_tiles(data)}
    return {"inputs": inputs, "outputs": {OUTPUT: output}, "made_by": _made_by()}


def _tiles(data: DataConfig) -> dict[str, Any]:
    """What channels stand for where they are no colours, and which rows and columns count."""
    if DATA_SETS[data.name].are_pictures:
        return {}
    tiles = [asdict(tile) for tile in TileSet.of(data.tiles).tiles]
    window = data.window or [data.resolution, data.resolution]
    return {"tiles": tiles, "of_a_place": "the strongest channel", "window": window}


def classifier_card(config: Config, classes: Sequence[str]) -> dict[str, Any]:
    """What goes into an exported classifier and what comes out, fit for JSON."""
    data = config.data
    shape = [BATCH, data.channels, data.num_frames, data.resolution, data.resolution]
    clips = {"shape": shape, **_PIXELS, "range": "[-1, 1); of a byte b it is (b - 128) / 128"}
    found = {
        "shape": [BATCH, len(classes)],
        "dtype": "float32",
        "range": "[0, 1], of a sum of 1 over the classes",
        "classes": dict(enumerate(classes)),
    }
    return {"inputs": {CLIPS: clips}, "outputs": {PROBABILITIES: found}, "made_by": _made_by()}


def _made_by() -> dict[str, str]:
    return {"tgan": __version__, "torch": torch.__version__}


def example_inputs(config: Config, count: int, classes: Sequence[str] = ()) -> Inputs:
    """Latents, and the condition of a conditional generator, for `count` samples."""
    rng = torch.Generator().manual_seed(count)
    latent = torch.rand(count, config.generator.z_slow, generator=rng) * 2 - 1
    samples, labels = _clips(config, count, rng), torch.arange(count) % max(len(classes), 1)
    return (latent, *conditioning_of(config, classes).of(samples, labels))


def example_clips(config: Config, count: int) -> Inputs:
    """Clips of noise, as a classifier takes them."""
    return (_clips(config, count, torch.Generator().manual_seed(count)),)


def _clips(config: Config, count: int, rng: torch.Generator) -> Tensor:
    data = config.data
    size = (count, data.channels, data.num_frames, data.resolution, data.resolution)
    return torch.rand(size, generator=rng) * 2 - 1


def compare(
    generator: nn.Module,
    exported: Callable[..., Tensor],
    config: Config,
    classes: Sequence[str] = (),
    *,
    tolerance: float,
) -> None:
    """Raise ArithmeticError where an exported generator differs from the generator itself."""
    inputs = partial(example_inputs, config, classes=classes)
    _compare(generator, exported, inputs, tolerance=tolerance)


@torch.no_grad()
def _compare(
    network: nn.Module, exported: Callable[..., Tensor], inputs: Examples, *, tolerance: float
) -> None:
    for count in TRIED:
        expected, found = network(*inputs(count)), exported(*inputs(count))
        if found.shape != expected.shape:
            raise ArithmeticError(
                f"a batch of {count}: the file gives shape {tuple(found.shape)}, the network "
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


def _program(network: nn.Module, inputs: Inputs) -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch", min=1)
    # Tuples, one for each argument.
    shapes = tuple({0: batch} for _ in inputs)
    with torch.no_grad():
        return torch.export.export(network, inputs, dynamic_shapes=shapes)


class Pt2:
    """PyTorch's own format: `torch.export.load(path).module()(latent)`."""

    packages: tuple[str, ...] = ()
    tolerance = 0.0

    @staticmethod
    def write(network: nn.Module, inputs: Inputs, path: Path, about: dict[str, Any]) -> None:
        torch.export.save(_program(network, inputs), path)

    @staticmethod
    def open(path: Path) -> Callable[..., Tensor]:
        return torch.export.load(path).module()


class Onnx:
    """ONNX, for other runtimes and languages."""

    packages = ("onnx", "onnxscript", "onnxruntime")
    tolerance = ONNX_TOLERANCE

    @staticmethod
    def write(network: nn.Module, inputs: Inputs, path: Path, about: dict[str, Any]) -> None:
        program = torch.onnx.export(
            _program(network, inputs),
            dynamo=True,
            input_names=list(about["inputs"]),
            output_names=list(about["outputs"]),
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
