"""A generator as a folder, as models of the Hugging Face hub are laid out; nothing is downloaded.

`config.json` (its settings and classes), `model.safetensors`, `card.json` (what goes in and comes
out) and `README.md`. huggingface_hub's own mixin is not used: it fetches what it does not find,
falls back to pickle, and takes weights of another network without a word.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from tgan import __version__
from tgan._moved import moved_names
from tgan.config import Config
from tgan.config.data_sets import DATA_SETS
from tgan.config.names import OWN
from tgan.config.reading import parse_config
from tgan.config.text import shown
from tgan.lookup import counted, look_up
from tgan.media.rates import as_rate
from tgan.models import GENERATORS
from tgan.models.conditions import conditioning_of
from tgan.models.outline import outline
from tgan.runs.build import build_generator, generator_maker
from tgan.runs.export import card, compare, refuse_pyramid
from tgan.system.files import write_whole_folder
from tgan.system.folders import MissingFile, are_names, plain_file, quoted, read_json_object
from tgan.system.tensor_files import read_claims
from tgan.training.state import check_same, load_network

__getattr__ = moved_names(__name__, {"load_any": "tgan.runs.old"})

CONFIG, WEIGHTS, CARD, README = "config.json", "model.safetensors", "card.json", "README.md"
MODEL_TYPE = "tgan-generator"
# What a generator has to know of its data.
_DATA = ("resolution", "channels", "num_frames", "input")
# And where channels are tiles.
_LEVELS = ("tiles", "window")

_TEXT = """\
---
library_name: tgan
tags: [gan, {kind}]
---
# A generator of {kind}s

`{name}` of tgan {version}: {frames}{side}x{side} pixels, {depth}, {classes}.

```
tgan generate .{option} --out samples.{ending}
```

```python
import tgan, torch

run = tgan.load(".")
videos = run.sample(range(16){pictures})  # uint8 (16, {num_frames}, {side}, {side}, {channels})
generator = run.generator
{call}  # (4, {channels}, {num_frames}, {side}, {side})
```

`card.json` says what goes in and comes out.
"""


class Pretrained(NamedTuple):
    """A generator from a folder, on the CPU, in inference mode.

    Attributes:
        config: whose `generator` and `conditional`, and sizes and `input` of `data`, are those
            that it was saved with; all others are at their defaults.
        classes: names of the classes that it is conditioned on.
        fps: frames per second of its data, where they have a rate.
    """

    generator: nn.Module
    config: Config
    classes: list[str]
    fps: float | None = None


def save_pretrained(
    generator: nn.Module,
    config: Config,
    directory: Path | str,
    classes: Sequence[str] = (),
    *,
    fps: float | None = None,
) -> None:
    """Write a generator to a new or empty folder, which `tgan.load` reads.

    The folder appears only if what is read back gives exactly what the generator gives.

    Args:
        generator: as `tgan.runs.build.build_generator` makes it of `config`, on the CPU, in
            inference mode.
        config: its settings are kept, but neither paths nor how it was trained.
        classes: names of the classes that it is conditioned on.
        fps: frames per second that its videos are played at.

    Raises:
        ValueError: the folder holds something, or the generator is not that of `config`.
        ArithmeticError: what was written gives something else.
    """
    refuse_pyramid(config)
    if config.generator.name == OWN:
        raise ValueError(
            "this generator came from Python, and such a folder is read without its code: "
            "export it as pt2 or onnx"
        )
    expected = look_up(GENERATORS, config.generator.name, kind="generator")
    if type(generator) is not expected:
        raise ValueError(
            f"generator.name '{config.generator.name}' is a {expected.__name__}, and not a "
            f"{type(generator).__name__}"
        )
    tensors = {name: tensor.contiguous() for name, tensor in generator.state_dict().items()}
    with write_whole_folder(directory) as part:
        _write_json(part / CONFIG, _settings(config, classes) | {"fps": fps})
        _write_json(part / CARD, card(config, classes))
        (part / README).write_text(_readme(config, classes), encoding="utf-8")
        save_file(tensors, part / WEIGHTS, metadata={"format": "pt"})
        compare(generator, read_pretrained(part).generator, config, classes, tolerance=0)


def holds_pretrained(path: Path | str) -> bool:
    """Whether there is a folder at `path` that looks like one of `save_pretrained`."""
    return (Path(path) / CONFIG).is_file()


def load_pretrained(directory: Path | str) -> tuple[nn.Module, Config]:
    """The generator of a folder and its configuration; `tgan.load` knows its classes too."""
    found = read_pretrained(directory)
    return found.generator, found.config


def read_pretrained(directory: Path | str) -> Pretrained:
    """The generator of a folder that `save_pretrained` wrote.

    Raises:
        ValueError: a file is missing or damaged, or not of such a generator.
    """
    directory = Path(directory)
    paths = {name: _existing(directory, name) for name in (CONFIG, WEIGHTS)}
    config, classes, fps = _read_config(directory)
    try:
        # Before memory is taken: what the header tells of is what the settings need.
        expected = outline(generator_maker(config, classes))
        check_same(read_claims(paths[WEIGHTS]), expected, name="generator")
        generator = build_generator(config, classes)
        load_network(generator, load_file(paths[WEIGHTS]), name="generator")
    except (ValueError, SafetensorError) as error:
        raise ValueError(f"'{directory}': {error}") from None
    return Pretrained(generator.eval(), config, classes, fps)


def _existing(directory: Path, name: str) -> Path:
    try:
        return plain_file(directory, name)
    except MissingFile:
        raise ValueError(f"'{directory}' holds no generator: there is no {name}") from None


def _settings(config: Config, classes: Sequence[str]) -> dict[str, Any]:
    data = asdict(config.data)
    return {
        "model_type": MODEL_TYPE,
        "conditional": config.conditional,
        "classes": list(classes) if config.conditional else [],
        "data": {name: data[name] for name in _names(config)},
        "generator": asdict(config.generator),
    }


def _names(config: Config) -> tuple[str, ...]:
    """The settings of the data that are kept."""
    return _DATA if DATA_SETS[config.data.name].are_pictures else _DATA + _LEVELS


def _read_config(directory: Path) -> tuple[Config, list[str], float | None]:
    path = directory / CONFIG
    settings = read_json_object(directory, CONFIG)
    kind = settings.pop("model_type", None)
    if kind != MODEL_TYPE:
        raise ValueError(f"'{path}' is of model_type {quoted(kind)}; {MODEL_TYPE} is needed")
    classes, fps = settings.pop("classes", None) or [], as_rate(settings.pop("fps", None))
    data = settings.get("data")
    if isinstance(data, dict):
        # Before, the classes were among the settings of the data.
        classes = data.pop("labels", None) or classes
        for name in data:
            if name not in _DATA + _LEVELS:
                raise ValueError(f"'{path}': data.{name} is no setting of a generator")
        # A configuration needs data; sampling reads none.
        kind = "images" if data.get("num_frames") == 1 else "videos"
        kind = "levels" if _LEVELS[0] in data else kind
        settings["data"] = {**data, "name": kind, "path": str(directory)}
    if not are_names(classes):
        raise ValueError(f"'{path}': classes are no list of different names")
    # JSON is YAML, which is checked in detail, once a character is escaped that YAML lacks.
    text = json.dumps(settings).replace("\x7f", "\\u007f")
    return parse_config(text, source=f"'{path}'"), classes, fps


def _readme(config: Config, classes: Sequence[str]) -> str:
    data, size = config.data, config.generator.z_slow
    is_image, is_conditional = data.num_frames == 1, config.conditional
    latent = f"torch.rand(4, {size}) * 2 - 1"
    call = f"samples = generator({latent})"
    option = pictures = ""
    if is_conditional:
        call = f"labels = torch.arange(4) % {len(classes)}\nsamples = generator({latent}, labels)"
    if data.input is not None:
        shape = (4, conditioning_of(config).input_channels, 1, data.resolution, data.resolution)
        picture = f"picture = -torch.ones{shape}  # {data.input}"
        call = f"{picture}\nsamples = generator({latent}, picture)"
        option, pictures = " --input my_pictures", ', pictures="my_pictures"'
    return _TEXT.format(
        kind="image" if is_image else "video",
        name=config.generator.name,
        version=__version__,
        frames="" if is_image else f"{data.num_frames} frames of ",
        side=data.resolution,
        channels=data.channels,
        depth=counted(data.channels, "channel"),
        num_frames=data.num_frames,
        classes=f"classes {', '.join(map(shown, classes))}"
        if is_conditional
        else "without classes",
        ending="png" if is_image else "mp4",
        call=call,
        option=option,
        pictures=pictures,
    )


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    # Bytes of names that are no UTF-8 become JSON's own escapes.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
