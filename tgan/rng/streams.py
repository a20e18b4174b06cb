"""Random numbers as pure functions of keys: no global state, nothing to save for a resumed run."""

from enum import IntEnum, unique

import numpy as np


@unique
class Stream(IntEnum):
    """What a stream of random numbers is for; streams of one seed are independent."""

    WEIGHTS = 0
    ORDER = 1
    STARTS = 2
    LATENTS = 3
    SAMPLES = 4
    DIGITS = 5
    CLASSES = 6
    PROJECTION = 7
    CONTROLS = 8
    BOOTSTRAP = 9
    SHIFTS = 10
    NOISE = 11
    SHAPES = 12
    CROPS = 13
    JITTER = 14
    REPLACEMENTS = 15
    READERS = 16
    STACKS = 17
    SEARCH = 20
    DETECTION = 21
    ROBOT = 22
    ANCHOR = 23
    WALKS = 24
    PLACES = 25
    LABELS = 30
    LABELLED = 31
    LEVELS = 40
    LEVEL_SEARCH = 41


def seed_of(stream: Stream, *keys: int) -> int:
    """A 63-bit seed, well mixed, for one stream and any number of non-negative keys.

    Raises:
        ValueError: a key is negative.
    """
    state = np.random.SeedSequence((int(stream), *keys)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def numpy_rng(stream: Stream, *keys: int) -> np.random.Generator:
    """NumPy's generator for one stream and keys."""
    return np.random.default_rng((int(stream), *keys))
