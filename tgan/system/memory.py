"""Memory: how much may be asked for, and what networks on a CPU free and ask for again."""

import ctypes
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tgan.system.control_group import memory_of_group

# Numbers of malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_NEVER = 2**31 - 1
# Words of CUDA, cuDNN, cuBLAS, cuSOLVER, cuFFT, NCCL and the allocator of a CPU.
_RAN_OUT = (
    "out of memory",
    "_status_alloc_failed",
    "cufft_alloc_failed",
    "can't allocate memory",
    "not enough memory",
)


def keep_freed_memory() -> bool:
    """Make glibc keep large freed blocks for the next step rather than give them back.

    By default every activation is mapped anew, zeroed page by page and unmapped again; without
    that a training step on a CPU takes about a quarter less time, and EfficientNet on the frames
    of a few clips half.

    Returns:
        Whether the C library took it (other libraries than glibc do not know it).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, _NEVER))


def peak_resident() -> float:
    """Return the most bytes of memory that this process has held; NaN where nothing tells."""
    try:
        # Not `getrusage`, in which a process begins with what its parent holds.
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * float(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
    except (OSError, StopIteration):
        try:
            import resource
        except ImportError:  # Not on POSIX.
            return math.nan
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def ran_out(error: BaseException) -> bool:
    """Whether an error says that a device's memory, or this machine's, was not enough.

    PyTorch has a class for its own allocator; its libraries' have words in a RuntimeError.
    """
    text = str(error).lower()
    is_of_allocator = type(error).__name__ == "OutOfMemoryError"
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and (is_of_allocator or any(words in text for words in _RAN_OUT))
    )


@contextmanager
def told_as_memory(remedy: str = "") -> Iterator[None]:
    """Turn what says that memory was not enough into a MemoryError of one line.

    Args:
        remedy: what takes less, in words.

    Raises:
        MemoryError: it was not enough.

    Example:
        >>> with told_as_memory("a smaller batch"):
        ...     raise RuntimeError("CUDNN_STATUS_ALLOC_FAILED")
        Traceback (most recent call last):
        MemoryError: CUDNN_STATUS_ALLOC_FAILED (a smaller batch needs less)
    """
    try:
        yield
    except RuntimeError as error:
        if not ran_out(error):
            raise
        reason = (str(error).strip() or "out of memory").splitlines()[0]
        raise MemoryError(f"{reason} ({remedy} needs less)" if remedy else reason) from None


def check_memory(num_bytes: float, what: str) -> None:
    """Refuse what does not fit into the memory of this machine, before any of it is taken.

    Args:
        what: is named in the error, as `a network of width 65536`.

    Raises:
        ValueError: it needs more than there is.
    """
    there = physical_memory()
    if there is not None and num_bytes > there:
        raise ValueError(
            f"{what} takes {num_bytes / 1e9:,.1f} GB of memory, and this machine has "
            f"{there / 1e9:,.1f} GB"
        )


def most_memory() -> int | None:
    """Bytes that this process could come to hold, swapped out or not; None where nothing says."""
    physical, listed = physical_memory(), _listed()
    if physical is None:
        return None
    return min(physical + listed.get("SwapTotal", 0), memory_of_group()[0])


def free_memory() -> int | None:
    """Bytes that this process can take now without harm to others; None where nothing says."""
    available = _listed().get("MemAvailable")
    return None if available is None else min(available, memory_of_group()[1])


def _listed() -> dict[str, int]:
    """Bytes by name, as Linux lists them; empty elsewhere."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return {line.split(":")[0]: 1024 * int(line.split()[1]) for line in lines}
    except (OSError, ValueError, IndexError):
        return {}


def physical_memory() -> int | None:
    """Bytes of memory that the machine has; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
