"""Precision that networks train in: what this processor is fast at."""

from collections.abc import Mapping
from typing import Any

import torch

# Instructions without which bf16 is emulated.
_BF16 = ("avx512_bf16", "amx_bf16")


def pick_precision(name: str, kind: str) -> str:
    """The precision that a name stands for, on a kind of device such as `cpu`.

    `auto` is bf16 on a CPU with instructions for it, and float32 (`no`) elsewhere; other names
    stand for themselves.
    """
    if name != "auto":
        return name
    return "bf16" if kind == "cpu" and multiplies_bf16() else "no"


def describe_precision(name: str, kind: str) -> str:
    """The precision that a name stands for, why, and what is slow about it, in a few words."""
    picked = pick_precision(name, kind)
    has = " nor ".join(_BF16)
    if kind == "cpu" and picked == "bf16" and not multiplies_bf16():
        return f"{picked} (slower than float32: this processor has neither {has})"
    if name != "auto":
        return picked
    there = " and ".join(instruction for instruction in _BF16 if _has(instruction))
    reason = f"this processor has {there}" if picked == "bf16" else f"neither {has} here"
    return f"{picked} (auto: {reason})"


def multiplies_bf16() -> bool:
    """Whether this processor has instructions for products of bf16 numbers."""
    return any(_has(instruction) for instruction in _BF16)


def _has(instruction: str) -> bool:
    # Not in PyTorch 2.9, where nothing public tells; float32 is right anywhere.
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get(instruction, False))
