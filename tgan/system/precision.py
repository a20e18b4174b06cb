"""Precision that networks train in: what this processor is fast at."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

# Instructions without which bf16 is emulated.
_BF16 = ("avx512_bf16", "amx_bf16")
_CUDNN: Any = torch.backends.cudnn
# Whether this process was deterministic, and whether cuDNN was, before a deterministic run.
_before: tuple[bool, bool] | None = None


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
    if kind == "cuda" and picked == "bf16" and _emulates_bf16():
        return f"{picked} (slower than float32: this GPU has no instructions for it)"
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


def _emulates_bf16() -> bool:
    return not torch.cuda.is_bf16_supported(including_emulation=False)


def set_kernels(*, tf32: bool, deterministic: bool) -> None:
    """Choose how NVIDIA GPUs compute, for this process; other devices do not mind.

    Products of matrices are left as the user set them: PyTorch's default is float32. So is what a
    user made deterministic; what was chosen here for another run of this process is taken back.

    Args:
        tf32: whether float32 convolutions and recurrent networks round their factors to TF32.
        deterministic: whether operations give the same bits every time. Where neither this nor the
            user asks for that, cuDNN tries which of its kernels is fastest, for every size of an
            input once.
    """
    _CUDNN.allow_tf32 = tf32
    _take_back()
    if deterministic:
        _be_deterministic()
    _CUDNN.benchmark = not (_CUDNN.deterministic or torch.are_deterministic_algorithms_enabled())


def _be_deterministic() -> None:
    global _before
    _before = torch.are_deterministic_algorithms_enabled(), _CUDNN.deterministic
    _CUDNN.deterministic = True
    if not torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(True, warn_only=True)
    # cuBLAS looks for it when it is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def _take_back() -> None:
    """Undo the choice for an earlier run, unless the user has changed it since."""
    global _before
    if _before is None:
        return
    (was_deterministic, cudnn_was), _before = _before, None
    _CUDNN.deterministic = _CUDNN.deterministic and cudnn_was
    if not was_deterministic and torch.is_deterministic_algorithms_warn_only_enabled():
        torch.use_deterministic_algorithms(False)


def describe_kernels(kind: str, *, tf32: bool, deterministic: bool) -> str:
    """What `set_kernels` chose, in a few words, or none where it makes no difference."""
    if kind != "cuda":
        return ""
    rounded = "float32 convolutions in TF32" if tf32 else "float32 without TF32"
    return f"{rounded}, {'deterministic' if deterministic else 'not deterministic'}"


@contextmanager
def without_tf32() -> Iterator[None]:
    """Have float32 be float32 inside on NVIDIA GPUs, convolutions included."""
    # The older way of asking raises where the newer one was used to choose.
    before = _CUDNN.conv.fp32_precision
    _CUDNN.allow_tf32 = False
    try:
        yield
    finally:
        _CUDNN.allow_tf32 = before == "tf32"
