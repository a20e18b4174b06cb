"""Remarks on packed videos: what is not wrong with them, and worth knowing."""

from collections.abc import Iterator

from tgan.data.packed.index import Index
from tgan.lookup import counted

# By the key that the index keeps for a video: what it means, after a number of videos.
REMARKS = {
    "resampled": "resampled to one rate: frames were repeated or left out",
    "no rate": "without a frame rate: not resampled, taken frame by frame",
    "variable": "with frames at uneven times, which were taken one after the other",
    "hdr": "in HDR (PQ or HLG), taken without tone mapping: colours are pale",
    "interlaced": "interlaced: both fields of a frame were taken as one picture",
    "sizes": "whose frames have several sizes: each was fitted by itself",
    "pixel aspect": "with pixels that are not square, taken as if they were",
}
# Rates that differ by less are those of one camera.
_SAME = 1.02


def remarks_on(index: Index) -> Iterator[str]:
    """Say in a line each what is remarkable about the videos of an index, and of how many.

    Example:
        >>> list(remarks_on(read_index(Path("data/mine"))))
        ['2 videos resampled to one rate: frames were repeated or left out']
    """
    for key, words in REMARKS.items():
        count = sum(key in video.remarks for video in index.videos)
        if count:
            yield f"{counted(count, 'video')} {words}"
    rates = sorted({video.fps for video in index.videos if video.fps is not None})
    if rates and rates[-1] > _SAME * rates[0]:
        yield (
            f"videos of {rates[0]:.4g} to {rates[-1]:.4g} frames a second are mixed: their motion "
            "has different speeds, unless they are resampled to one rate (fps)"
        )
