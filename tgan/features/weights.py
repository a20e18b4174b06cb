"""Files of weights: where they lie, what they hash to, and into which network they go."""

import hashlib
import importlib.util
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from tgan.system.memory import check_memory
from tgan.system.tensor_files import first_not_finite, read_claims, size_of

Network = TypeVar("Network", bound=nn.Module)

SAFETENSORS = ".safetensors"
# What the readers raise at files of other kinds.
_UNREADABLE = (
    SafetensorError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
)


# What PyTorch's reader names where a pickle asks for a class or a function.
_MORE = re.compile(r"GLOBAL ([\w.]+)")
# What it says in the end, after advice how to run such code, in several lines.
_REASON = "WeightsUnpickler error: "
# What colours a terminal.
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class MissingWeights(ValueError):
    """Files of weights that the user has to name are not there.

    Attributes:
        network: that needs them, by its name.
    """

    def __init__(self, message: str, network: str) -> None:
        super().__init__(message)
        self.network = network


def file_in_package(package: str, name: str, *, pip: str) -> Path:
    """The file `name` inside an installed package, which is not imported.

    Args:
        package: as it is imported.
        name: relative to the package's folder.
        pip: as it is installed.

    Raises:
        ValueError: the package or the file is not there.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ValueError(f"{pip} is not installed: pip install 'tgan-video[eval]'")
    path = Path(found.origin).parent / name
    if not path.is_file():
        raise ValueError(f"the package {pip} has no file {name}; install another version of it")
    return path


def existing_file(path: str | Path | None, *, name: str, holds: str) -> Path:
    """The file that the user names for a network whose weights come with no package.

    Raises:
        MissingWeights: a ValueError: none named, or not there.
    """
    if path is None:
        raise MissingWeights(f"features '{name}' need a path: {holds}", name)
    if not Path(path).is_file():
        message = f"features '{name}': no file '{path}', which should be {holds}"
        raise MissingWeights(message, name)
    return Path(path)


def files_in_folder(
    path: str | Path | None, *, name: str, files: Sequence[str], source: str
) -> list[Path]:
    """The files of a network that needs several, in the folder that the user names.

    Args:
        source: where they come from, in words.

    Raises:
        MissingWeights: a ValueError: no folder named, or one of the files is not in it.
    """
    needed = f"a folder that holds {' and '.join(files)}, {source}"
    if path is None or not Path(path).is_dir():
        there = "" if path is None else f"; '{path}' is no folder"
        raise MissingWeights(f"features '{name}' need as path {needed}{there}", name)
    for file in files:
        if not Path(path, file).is_file():
            message = f"features '{name}': '{path}' holds no {file}, and should be {needed}"
            raise MissingWeights(message, name)
    return [Path(path, file) for file in files]


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_state(
    path: str | Path, *, tables: Sequence[str] = (), prefixes: Sequence[str] = ()
) -> dict[str, Tensor]:
    """Tensors by name from a safetensors file or from one of PyTorch's, without running code.

    Args:
        tables: names under which a checkpoint may keep the tensors, among others; the first one
            that it has is taken, and the whole file where it has none of them.
        prefixes: what is taken off the front of the tensors' names, one after the other.

    Raises:
        ValueError: not there, or neither.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"no file of weights at '{path}'")
    try:
        if path.suffix == SAFETENSORS:
            # What the header tells of is compared with the file first.
            check_memory(size_of(read_claims(path)), f"'{path}'")
            state = load_file(path)
        else:
            # Of a checkpoint with more than the weights only these are read.
            part = bool(tables) and zipfile.is_zipfile(path)
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=part)
    except _UNREADABLE as error:
        found = _MORE.search(str(error))
        if found is not None:
            raise ValueError(
                f"'{path}' holds more than tensors, numbers and text: {found[1]}; save the table "
                "of tensors (`state_dict`) alone"
            ) from None
        reason = first_line(error)
        raise ValueError(f"'{path}' holds no weights that can be read: {reason}") from None
    if isinstance(state, Mapping):
        state = next((state[name] for name in tables if name in state), state)
    if not isinstance(state, Mapping) or not all(torch.is_tensor(t) for t in state.values()):
        raise ValueError(f"'{path}' holds something else than a table of tensors")
    return {_without(str(key), prefixes): tensor for key, tensor in state.items()}


def _without(key: str, prefixes: Sequence[str]) -> str:
    for prefix in prefixes:
        key = key.removeprefix(prefix)
    return key


def fill(network: Network, state: Mapping[str, Tensor], *, path: str | Path) -> Network:
    """`network`, which may be on the meta device, with the tensors of exactly its names.

    Raises:
        ValueError: they are another network's; the message names `path` and the first difference;
            or they are not finite.
    """
    own = network.state_dict()
    for key in [*own, *state]:
        here = tuple(own[key].shape) if key in own else "missing"
        there = tuple(state[key].shape) if key in state else "missing"
        if here != there:
            raise ValueError(
                f"'{path}' holds another network's weights: '{key}' is {there} there, {here} here"
            )
    if (key := first_not_finite(state)) is not None:
        raise ValueError(f"'{path}' is not finite: '{key}' holds NaN or inf")
    network.load_state_dict({key: state[key].to(t.dtype) for key, t in own.items()}, assign=True)
    return network.requires_grad_(False)


def first_line(error: Exception) -> str:
    """The first line of why there is an error, without colours, or its kind if it says nothing."""
    lines = _CONTROL.sub("", str(error).rpartition(_REASON)[2]).splitlines()
    return next(iter(lines), "").strip() or type(error).__name__
