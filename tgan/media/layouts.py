"""Layouts of clips in memory: arrays of bytes with their channels last, checked.

An error says what the array looks like and the expression that mends it. Torch is not imported:
its tensors are known by what they can do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tgan.lookup import alternatives

# What a last axis can be: grey, RGB, and RGB with transparency or depth.
CHANNELS = (1, 3, 4)
# Items whose range an error names.
_LOOKED_AT = 8
# Layouts that other programs use, by the one that is wanted.
_OTHERS = {
    "n t h w c": ("n c t h w", "n t c h w"),
    "n h w c": ("n c h w",),
    "t h w c": ("t c h w", "c t h w"),
    "h w c": ("c h w",),
}


def as_pixels(data: Any, layouts: Sequence[str], *, name: str = "clips") -> np.ndarray:
    """Check that an array holds bytes in one of some layouts, and return it as NumPy's.

    Nothing is copied, except from another device.

    Args:
        data: an array of any library, a tensor on any device, a memory map, or nested lists.
        layouts: such as `"n t h w c"`, each of another number of axes.
        name: what to call the array in errors.

    Raises:
        ValueError: another number of axes, no elements, another type than uint8, or channels that
            are not last.

    Example:
        >>> as_pixels(torch.zeros(2, 16, 64, 64, 3, dtype=torch.uint8), ["n t h w c"]).shape
        (2, 16, 64, 64, 3)
    """
    if not hasattr(data, "dtype"):
        data = _from_lists(data, name)
    shape = tuple(data.shape)
    wanted = {len(layout.split()): layout for layout in layouts}
    if len(shape) not in wanted:
        grey = f": {name}[..., None] if they are grey" if len(shape) + 1 in wanted else ""
        raise ValueError(f"{name} of shape {shape}; {_in_words(layouts)} is needed{grey}")
    if 0 in shape:
        raise ValueError(f"{name} of shape {shape}, which is empty")
    if _type_of(data) != "uint8":
        raise ValueError(f"{name} of type {_type_of(data)}{_conversion(data, name)}")
    if shape[-1] not in CHANNELS:
        raise ValueError(f"{name} of shape {shape}{_arrangement(data, name, wanted)}")
    return to_numpy(data)


def to_numpy(data: Any) -> np.ndarray:
    """Return an array of any library as NumPy's, without a copy where it lies in main memory.

    Raises:
        ValueError: it cannot be read as one.
    """
    try:
        # A tensor may lie on another device.
        return np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"{type(data).__name__} is no array that NumPy can read: {error}"
        ) from None


def _from_lists(data: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(data)
    except ValueError:
        raise ValueError(f"{name} are lists whose items differ in length") from None


def _type_of(data: Any) -> str:
    return str(data.dtype).removeprefix("torch.")


def _in_words(layouts: Sequence[str]) -> str:
    """`(N, T, H, W, C) or (T, H, W, C)`."""
    return " or ".join(f"({', '.join(layout.upper().split())})" for layout in layouts)


def _conversion(data: Any, name: str) -> str:
    """How numbers of another type become bytes, by the range of the first of them."""
    kind, needed = _type_of(data), "; uint8 is needed"
    cast = ".to(torch.uint8)" if hasattr(data, "permute") else ".astype(np.uint8)"
    if kind == "bool":
        return f"{needed}: {name}{cast} * 255"
    first = data[:_LOOKED_AT]
    first = first.detach() if hasattr(first, "detach") else first
    try:
        low, high = float(first.min()), float(first.max())
    except (TypeError, ValueError, RuntimeError):
        return needed
    found = f", from {low:g} to {high:g}{needed}"
    if not np.isfinite([low, high]).all():
        return f"{found}, and numbers that are finite"
    if "float" in kind:
        steps = [
            (0, 1, f"({name} * 255).round(){cast}"),
            (-1, 1, f"({name} * 128 + 128).round().clip(0, 255){cast}"),
            (0, 255, f"{name}.round(){cast}"),
        ]
    else:
        steps = [(0, 255, f"{name}{cast}")]
    fits = [step for least, most, step in steps if least <= low and high <= most]
    return f"{found}: {fits[0]}" if fits else f"{found}: bring them to 0 to 255 first"


def _arrangement(data: Any, name: str, layouts: Mapping[int, str]) -> str:
    """How an array whose last axis is not its channels is brought into the wanted layout."""
    shape = tuple(data.shape)
    wanted = layouts[len(shape)]
    needed = f"{_in_words([wanted])} with {alternatives(CHANNELS)} channels is needed"
    # Square pictures, and last what can only be their channels.
    if len(shape) > 2 and shape[-3] == shape[-2] != shape[-1]:
        return f"; {needed}; planes of levels are made pictures by `run.view({name})`"
    for found in _OTHERS[wanted]:
        axes = found.split()
        if shape[axes.index("c")] in CHANNELS:
            order = ", ".join(str(axes.index(axis)) for axis in wanted.split())
            method = "permute" if hasattr(data, "permute") else "transpose"
            return (
                f", which looks like {_in_words([found])}; {_in_words([wanted])} is needed: "
                f"einops.rearrange({name}, '{found} -> {wanted}'), or {name}.{method}({order})"
            )
    if len(shape) + 1 in layouts:
        return f", which has no axis of channels; {needed}: {name}[..., None] if they are grey"
    return f"; {needed}"
