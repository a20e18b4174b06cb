"""The authors' Chainer snapshots: read into our networks and written back, without Chainer."""

from tgan.runs.official.archives import official_iterations
from tgan.runs.official.snapshot import Snapshot, load_official, read_official, save_official

__all__ = [
    "Snapshot",
    "load_official",
    "official_iterations",
    "read_official",
    "save_official",
]
