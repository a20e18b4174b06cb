import pytest
import torch

from tgan.system.memory import ran_out, told_as_memory

RAN_OUT = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.1 GB)\nUse ..."),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory"
    ),
    MemoryError("out of memory"),
]


@pytest.mark.parametrize("error", RAN_OUT, ids=lambda error: str(error)[:30])
def test_what_says_that_memory_was_not_enough_is_told_as_that(error):
    assert ran_out(error)
    with pytest.raises(MemoryError) as told, told_as_memory("less"):
        raise error
    assert "\n" not in str(told.value)
    if not isinstance(error, MemoryError):
        assert str(told.value) == f"{str(error).splitlines()[0]} (less needs less)"


def test_memory_that_nothing_can_hold_is_recognised():
    with pytest.raises(MemoryError), told_as_memory():
        torch.empty(2**58)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDNN_STATUS_EXECUTION_FAILED"),
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ValueError("the network runs out of memory at width 65536"),
    ],
    ids=str,
)
def test_other_errors_are_no_lack_of_memory(error):
    assert not ran_out(error)
    with pytest.raises(type(error)) as told, told_as_memory("less"):
        raise error
    assert told.value is error
