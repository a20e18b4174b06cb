"""Tables of tensors of a checkpoint: files that are verified and read once, when needed."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from tgan.system.folders import MAX_FACTS, MissingFile, plain_file, quoted, read_bytes
from tgan.system.memory import check_memory
from tgan.system.tensor_files import MAX_HEADER, Claims, read_claims, size_of

TENSORS = ".safetensors"


class Damaged(ValueError):
    """A checkpoint is missing, of another format, or not what was written."""


class Tables(Mapping[str, dict[str, Tensor]]):
    """The tables of tensors of a checkpoint by name; each is read and verified once, when needed.

    Args:
        path: the checkpoint's directory.
        digests: SHA-256 of its files by name, in hexadecimal digits.
    """

    def __init__(self, path: Path, digests: Mapping[str, str]) -> None:
        self._path, self._digests = path, digests
        self._names = [Path(name).stem for name in digests if name.endswith(TENSORS)]
        self._read: dict[str, dict[str, Tensor]] = {}
        self._claims: dict[str, Claims] = {}

    def __getitem__(self, name: str) -> dict[str, Tensor]:
        """The tensors of a table, on the CPU.

        Raises:
            KeyError: no such table.
            ValueError: its file is missing or damaged.
        """
        if name not in self._names:
            raise KeyError(name)
        if name not in self._read:
            # Only as large as the header tells, which has been compared with the file.
            size = 8 + MAX_HEADER + size_of(self.claims(name))
            content = read_verified(self._path, name + TENSORS, self._digests, at_most=size)
            try:
                self._read[name] = load(content)
            except SafetensorError as error:
                raise Damaged(f"{_file(self._path, name + TENSORS)}: {error}") from None
        return self._read[name]

    def claims(self, name: str) -> Claims:
        """Types and shapes of a table's tensors, as the header of its file says; read once.

        Raises:
            KeyError: no such table.
            ValueError: the file is missing, or its size is not what its header tells of.
        """
        if name not in self._names:
            raise KeyError(name)
        if name not in self._claims:
            self._claims[name] = claims_in(self._path, name + TENSORS)
        return self._claims[name]

    def check_sizes(self, names: Iterable[str]) -> None:
        """Raise `Damaged` if tables are together larger than the memory; only headers are read."""
        size = sum(size_of(self.claims(name)) for name in names)
        try:
            check_memory(size, f"checkpoint '{self._path}'")
        except ValueError as error:
            raise Damaged(str(error)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def read_verified(
    path: Path, name: str, digests: Mapping[str, str], *, at_most: int = MAX_FACTS
) -> bytes:
    """The bytes of a file of the checkpoint `path`, as they were written.

    Raises:
        ValueError: it is missing or damaged, or larger than `at_most` bytes.
    """
    _check_there(path, name)
    try:
        check_memory(at_most, f"'{name}'")
        content = read_bytes(path, name, at_most=at_most)
    except ValueError as error:
        raise Damaged(f"checkpoint '{path}' cannot be used: {error}") from None
    if hashlib.sha256(content).hexdigest() != digests[name]:
        raise Damaged(f"{_file(path, name)} is not what was written")
    return content


def claims_in(path: Path, name: str) -> Claims:
    """Types and shapes of the tensors in a file of the checkpoint `path`, by its header.

    Raises:
        ValueError: the file is missing, or not of the size that its header tells of.
    """
    _check_there(path, name)
    try:
        return read_claims(path / name)
    except ValueError as error:
        raise Damaged(f"{_file(path, name)} is not what was written: {error}") from None


def _check_there(path: Path, name: str) -> None:
    try:
        plain_file(path, name)
    except MissingFile:
        raise Damaged(f"checkpoint '{path}' is incomplete: {quoted(name)} is missing") from None
    except ValueError as error:
        raise Damaged(f"checkpoint '{path}' is damaged: {error}") from None


def _file(path: Path, name: str) -> str:
    return f"checkpoint '{path}' is damaged: {quoted(name)}"
