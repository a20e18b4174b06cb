"""Verification of a packed folder: every byte of its shards against the checksums of its index."""

from pathlib import Path

from tqdm import tqdm

from tgan.data.packed.index import INDEX_NAME, Index, read_index
from tgan.data.packed.shards import frames_start, shard_name
from tgan.lookup import counted
from tgan.system.files import sha256


def verify(folder: Path | str) -> Index:
    """Read all of a packed folder, and return its index if it is what was packed.

    Raises:
        ValueError: a file is missing or not what was packed (the message names all of these), or
            the folder is of an earlier version, which kept no checksums.
        OSError: a file cannot be read.

    Example:
        >>> verify("data/actions").num_frames
        12800
    """
    folder = Path(folder)
    index = read_index(folder)
    if not index.checksums:
        raise ValueError(
            f"{folder / INDEX_NAME} has no checksums: it was written by an earlier version; "
            "prepare the videos again"
        )
    damaged = []
    shards = zip(index.shards, index.checksums, strict=True)
    bar = tqdm(shards, total=len(index.shards), unit="shard", desc="verify", disable=None)
    for number, (frames, expected) in enumerate(bar):
        path = folder / shard_name(number)
        frames_start(path, (frames, *index.settings.frame_shape))
        if sha256(path) != expected:
            damaged.append(path.name)
    if damaged:
        names = ", ".join(damaged[:5]) + (", ..." if len(damaged) > 5 else "")
        raise ValueError(
            f"{counted(len(damaged), 'shard')} of {folder} {'is' if len(damaged) == 1 else 'are'} "
            f"not what was packed: {names}; prepare the videos again"
        )
    return index
