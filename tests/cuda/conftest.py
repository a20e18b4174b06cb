"""What needs an NVIDIA GPU: `pytest -m cuda`; without one all of it is skipped.

`TGAN_CUDA_STAND_IN=cpu` runs it on the processor instead, which shows that the tests themselves
are whole, and nothing about GPUs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from tgan.system.precision import set_kernels

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.cuda)


@pytest.fixture
def gpu() -> Iterator[torch.device]:
    """The device to test, and the settings of PyTorch's kernels as they were afterwards."""
    device = torch.device(os.environ.get("TGAN_CUDA_STAND_IN", "cuda"))
    if device.type == "cuda" and not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU here")
    yield device
    set_kernels(tf32=True, deterministic=False)
    torch.backends.cudnn.benchmark = False


@contextmanager
def no_waiting(device: torch.device) -> Iterator[None]:
    """Inside, an operation that waits for the GPU raises."""
    if device.type != "cuda":
        yield
        return
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")
