"""Precision: what a processor has instructions for, simulated."""

import pytest
import torch

from tgan.system.precision import describe_precision, multiplies_bf16, pick_precision
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


def test_bf16_without_instructions_is_told_to_be_slow(processor):
    slow = processor in ("old", "arm")
    assert ("slower than float32" in describe_precision("bf16", "cpu")) == slow
    assert describe_precision("bf16", "cuda") == "bf16" and describe_precision("no", "cpu") == "no"


def test_a_pytorch_that_does_not_tell_is_taken_for_an_old_processor(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert pick_precision("auto", "cpu") == "no"
