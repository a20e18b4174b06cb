"""Precision: what a processor has instructions for, simulated."""

import os

import pytest
import torch

from tgan.system.precision import (
    describe_kernels,
    describe_precision,
    multiplies_bf16,
    pick_precision,
    set_kernels,
    without_tf32,
)
from tgan.training.processes import make_accelerator

KINDS = {
    "old": {"avx2": True, "avx512_bf16": False, "amx_bf16": False},
    "avx512": {"avx512_bf16": True, "amx_bf16": False},
    "amx": {"avx512_bf16": False, "amx_bf16": True},
    "arm": {"bf16": True},
}


@pytest.fixture(params=KINDS)
def processor(request, monkeypatch):
    capabilities = KINDS[request.param]
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    return request.param


def test_auto_takes_bf16_where_a_cpu_has_instructions_for_it(processor):
    fast = processor in ("avx512", "amx")
    assert multiplies_bf16() == fast
    assert pick_precision("auto", "cpu") == ("bf16" if fast else "no")
    assert pick_precision("auto", "cuda") == "no"
    assert [pick_precision(name, "cpu") for name in ("no", "bf16")] == ["no", "bf16"]
    told = describe_precision("auto", "cpu")
    assert told.startswith("bf16 (auto: this" if fast else "no (auto: neither")
    assert make_accelerator(mixed_precision="auto", device="cpu").mixed_precision == told.split()[0]


def test_bf16_without_instructions_is_told_to_be_slow(processor, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    slow = processor in ("old", "arm")
    assert ("slower than float32" in describe_precision("bf16", "cpu")) == slow
    assert describe_precision("bf16", "cuda") == "bf16" and describe_precision("no", "cpu") == "no"


def test_a_pytorch_that_does_not_tell_is_taken_for_an_old_processor(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert pick_precision("auto", "cpu") == "no"


@pytest.fixture
def kernels():
    """What is chosen for all of PyTorch is as it was afterwards."""
    yield torch.backends.cudnn
    set_kernels(tf32=True, deterministic=False)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = torch.backends.cudnn.benchmark = False


@pytest.mark.parametrize("tf32", [True, False])
@pytest.mark.parametrize("deterministic", [True, False])
def test_kernels_are_chosen_as_asked(kernels, monkeypatch, tf32, deterministic):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    make_accelerator(device="cpu", tf32=tf32, deterministic=deterministic)
    for each in (kernels.conv, kernels.rnn):
        assert (each.fp32_precision == "tf32") == tf32
    assert (kernels.deterministic, kernels.benchmark) == (deterministic, not deterministic)
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    assert torch.is_deterministic_algorithms_warn_only_enabled() == deterministic
    assert os.environ.get("CUBLAS_WORKSPACE_CONFIG") == (":4096:8" if deterministic else None)
    with torch.backends.cudnn.flags(enabled=False):
        assert not kernels.enabled


def chosen(kernels):
    """Whether operations are the same every time, warn only, and what cuDNN does."""
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        kernels.deterministic,
        kernels.benchmark,
    )


def test_a_run_after_a_deterministic_one_is_not_so(kernels):
    for deterministic in (False, True, True, False, False, True, False):
        set_kernels(tf32=True, deterministic=deterministic)
        assert chosen(kernels) == (*[deterministic] * 3, not deterministic)


@pytest.mark.parametrize("warn_only", [True, False])
def test_what_a_user_made_deterministic_stays_so(kernels, warn_only):
    torch.use_deterministic_algorithms(True, warn_only=warn_only)
    for deterministic in (False, True, False):
        set_kernels(tf32=True, deterministic=deterministic)
        # Whichever kernel is fastest would not be the same one every time.
        assert chosen(kernels) == (True, warn_only, deterministic, False)
    torch.use_deterministic_algorithms(False)
    set_kernels(tf32=True, deterministic=False)
    assert chosen(kernels) == (False, False, False, True)


def test_what_a_user_has_cudnn_do_stays_so(kernels):
    kernels.deterministic = True
    for deterministic in (False, True, False):
        set_kernels(tf32=True, deterministic=deterministic)
        assert chosen(kernels) == (deterministic, deterministic, True, False)


def test_what_a_user_chose_after_a_deterministic_run_stays_so(kernels):
    set_kernels(tf32=True, deterministic=True)
    torch.use_deterministic_algorithms(True)
    set_kernels(tf32=True, deterministic=False)
    assert chosen(kernels) == (True, False, False, False)
    torch.use_deterministic_algorithms(False)
    set_kernels(tf32=True, deterministic=True)
    torch.use_deterministic_algorithms(False)
    kernels.deterministic = False
    set_kernels(tf32=True, deterministic=False)
    assert chosen(kernels) == (False, False, False, True)


@pytest.mark.parametrize("newer", [True, False])
@pytest.mark.parametrize("tf32", [True, False])
def test_tf32_is_off_for_a_while_and_then_as_it_was(kernels, tf32, newer):
    if newer:
        kernels.conv.fp32_precision = kernels.rnn.fp32_precision = "tf32" if tf32 else "ieee"
    else:
        kernels.allow_tf32 = tf32
    with pytest.raises(KeyError), without_tf32():
        assert "tf32" not in (kernels.conv.fp32_precision, kernels.rnn.fp32_precision)
        raise KeyError
    assert (kernels.conv.fp32_precision == "tf32") == tf32


def test_kernels_are_described_where_they_matter():
    assert describe_kernels("cpu", tf32=True, deterministic=False) == ""
    said = describe_kernels("cuda", tf32=True, deterministic=False)
    assert said == "float32 convolutions in TF32, not deterministic"
    said = describe_kernels("cuda", tf32=False, deterministic=True)
    assert said == "float32 without TF32, deterministic"


@pytest.mark.parametrize("emulated", [True, False])
def test_bf16_on_a_gpu_without_instructions_is_told_to_be_slow(monkeypatch, emulated):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not emulated)
    assert ("slower than float32" in describe_precision("bf16", "cuda")) == emulated
    assert describe_precision("no", "cuda") == "no"
