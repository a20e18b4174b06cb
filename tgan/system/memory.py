"""Memory that networks on a CPU free and ask for again thousands of times."""

import ctypes

# Numbers of malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_NEVER = 2**31 - 1


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
