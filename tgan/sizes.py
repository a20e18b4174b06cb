"""Which resolutions and lengths of clip the networks can make."""

# The generator starts, and the critic ends, with maps of this side.
BASE_SIDE = 4
# The temporal generator doubles its length this often.
TEMPORAL_DOUBLINGS = 4


def count_doublings(resolution: int) -> int:
    """How often a map of side 4 doubles to reach `resolution`.

    Raises:
        ValueError: `resolution` is no power of two from 32 up.
    """
    if resolution < 32 or resolution & (resolution - 1):
        raise ValueError(f"resolution {resolution} is not a power of two from 32 up (32, 64, ...)")
    return (resolution // BASE_SIDE).bit_length() - 1


def first_length(num_frames: int) -> int:
    """The length from which the temporal generator doubles its way to `num_frames`.

    Raises:
        ValueError: `num_frames` is no positive multiple of 16.
    """
    if num_frames < 1 or num_frames % 2**TEMPORAL_DOUBLINGS:
        raise ValueError(f"num_frames {num_frames} is not a multiple of 16 (16, 32, 48, ...)")
    return num_frames // 2**TEMPORAL_DOUBLINGS
