"""Changes at random to a folder or a file, as damage and malice make them."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml

SPARSE, LARGE = 2**41, 2**24
DEEP = 3000
# In the place of any field of JSON or YAML.
ODD_VALUES = [
    *(None, True, False, 0, 1, -1, 3.5, 10**6, 10**10, 2**63, 10**30, float("nan"), float("inf")),
    *("", "a", "²", "\x00", "\x1b[31m", "😀", "x" * 5000, "../../x", "/etc/passwd", "~", "true"),
    *([], {}, [[]], {"a": 1}, [1, 2], ["a", "a"], [None], [10**20, 10**20], list(range(1000))),
]
ODD_NAMES = ["step_²", "step_", "step_9", "step_00000009", ".step_00000002.replaced", "step_٣", "x"]
ODD_NAMES += ["a\nb", "-rf", " ", "\udcff", "step_99999999999999999999", "x" * 200]
# In the place of a number in the header of a safetensors file.
ODD_NUMBERS = [0, 1, 3, -1, 2**31, 2**62, 2**64, 10**30, 1.5, True, None, "1", [], 65_536]

Change = Callable[[np.random.Generator, Path], None]


def pick(rng: np.random.Generator, items: list) -> object:
    """One of a list; NumPy's own `choice` would make an array of it."""
    return items[int(rng.integers(len(items)))]


def files_of(folder: Path) -> list[Path]:
    """The plain files below a folder but for huge ones, in an order that hangs on names alone."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in files if path.stat().st_size < LARGE)


def flip(rng: np.random.Generator, path: Path) -> None:
    """Change one to eight bits of a file."""
    content = bytearray(path.read_bytes())
    for _ in range(int(rng.integers(1, 9)) if content else 0):
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


def flip_header(rng: np.random.Generator, path: Path) -> None:
    """Change bits among the first hundred bytes."""
    content = bytearray(path.read_bytes())
    for _ in range(int(rng.integers(1, 4)) if content else 0):
        content[int(rng.integers(min(len(content), 100)))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


def cut(rng: np.random.Generator, path: Path) -> None:
    """Cut a file off somewhere."""
    content = path.read_bytes()
    path.write_bytes(content[: int(rng.integers(len(content) + 1))])


def lengthen(rng: np.random.Generator, path: Path) -> None:
    """Append bytes."""
    with path.open("ab") as file:
        file.write(rng.bytes(int(rng.integers(1, 99))))


def replace_by_noise(rng: np.random.Generator, path: Path) -> None:
    """Other bytes in the place of all."""
    path.write_bytes(rng.bytes(int(rng.integers(0, 300))))


def nest(rng: np.random.Generator, path: Path) -> None:
    """A text that is nested too deep in the place of all."""
    path.write_text(str(pick(rng, ["[", '{"a":', "- ", "{a: ", "("])) * DEEP)


def enlarge(rng: np.random.Generator, path: Path) -> None:
    """A sparse file of 2 TB."""
    with path.open("r+b") as file:
        file.truncate(SPARSE)


def remove(rng: np.random.Generator, path: Path) -> None:
    """Delete a file."""
    path.unlink()


def lead_away(rng: np.random.Generator, path: Path) -> None:
    """A link in the place of a file: to a file beside the run, a device, a folder, itself."""
    outside = path.parents[len(path.parents) - 1] / "etc"
    secret = next(p / "secret" for p in path.parents if (p / "secret").is_dir())
    shutil.copy(path, secret / path.name)
    targets = [secret / path.name, secret, outside / "passwd", "/dev/zero", path, "nowhere"]
    path.unlink()
    path.symlink_to(pick(rng, [*targets, os.path.relpath(secret / path.name, path.parent)]))


def block(rng: np.random.Generator, path: Path) -> None:
    """A pipe, which blocks whoever opens it, or a folder in the place of a file."""
    path.unlink()
    os.mkfifo(path) if rng.integers(2) else path.mkdir()


def rename(rng: np.random.Generator, path: Path) -> None:
    """Another name for a file or for the folder it lies in."""
    place = path if rng.integers(2) else path.parent
    name = str(pick(rng, ODD_NAMES))
    if place.name not in ("checkpoints", "run") and not place.with_name(name).exists():
        place.rename(place.with_name(name))


def change_fields(rng: np.random.Generator, path: Path) -> None:
    """Odd values in the place of fields of JSON or YAML; of a safetensors file, in its header."""
    try:
        _change_fields(rng, path)
    except (ValueError, IndexError, TypeError, RecursionError, yaml.YAMLError):
        # Another change came first.
        flip(rng, path)


def _change_fields(rng: np.random.Generator, path: Path) -> None:
    if path.suffix == ".safetensors":
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        _change_header(rng, header)
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    elif path.suffix in (".json", ".yaml"):
        read = json.loads if path.suffix == ".json" else yaml.safe_load
        found = read(path.read_text())
        for _ in range(int(rng.integers(1, 3))):
            found = _change(rng, found)
        write = json.dumps if path.suffix == ".json" else yaml.safe_dump
        path.write_text(write(found), encoding="utf-8", errors="surrogatepass")
    else:
        flip(rng, path)


def spoil_numbers(rng: np.random.Generator, path: Path) -> None:
    """NaN and infinities among the numbers of a safetensors file."""
    content = bytearray(path.read_bytes())
    length = 8 + int.from_bytes(content[:8], "little") if len(content) > 8 else 0
    if path.suffix == ".safetensors" and len(content) > length + 4:
        place = length + 4 * int(rng.integers((len(content) - length) // 4))
        value = pick(rng, [np.nan, np.inf, -np.inf])
        content[place : place + 4] = np.float32(value).tobytes()
    path.write_bytes(content)


def reseal(path: Path) -> None:
    """Let the manifest beside a file say the hash that it has now, where there is one that can."""
    manifest = path.parent / "manifest.json"
    is_plain = all(each.is_file() and not each.is_symlink() for each in (path, manifest))
    if path == manifest or not is_plain:
        return
    if max(each.stat().st_size for each in (path, manifest)) > LARGE:
        return
    try:
        content = json.loads(manifest.read_text())
        content["sha256"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest.write_text(json.dumps(content))
    except (ValueError, TypeError, KeyError, RecursionError):
        pass


CHANGES: list[Change] = [
    *(flip, flip_header, cut, lengthen, replace_by_noise, nest, enlarge, remove),
    *(lead_away, block, rename, change_fields, change_fields, change_fields, spoil_numbers),
]


def _change(rng: np.random.Generator, found: object) -> object:
    """One field of a nested value replaced, dropped, or added."""
    if not isinstance(found, dict | list) or not found or rng.integers(4) == 0:
        return pick(rng, ODD_VALUES)
    keys = list(found) if isinstance(found, dict) else list(range(len(found)))
    key = pick(rng, keys)
    if isinstance(found, dict) and rng.integers(8) == 0:
        found[pick(rng, ["../x.safetensors", "/etc/passwd", "²", "x.safetensors", ""])] = "0" * 64
    elif rng.integers(8) == 0:
        del found[key]
    else:
        found[key] = _change(rng, found[key])
    return found


def _change_header(rng: np.random.Generator, header: dict) -> None:
    entry = header[pick(rng, [name for name in header if name != "__metadata__"])]
    key = pick(rng, ["dtype", "shape", "data_offsets", "name"])
    if key == "dtype":
        entry[key] = pick(rng, ["F64", "F16", "I32", "BOOL", "F4", "", None, 3, ["F32"]])
    elif key == "name":
        header[str(pick(rng, ODD_NAMES))] = dict(entry)
    elif rng.integers(2) and entry[key]:
        entry[key][int(rng.integers(len(entry[key])))] = pick(rng, ODD_NUMBERS)
    else:
        entry[key] = pick(rng, ODD_VALUES)
