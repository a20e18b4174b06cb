"""Random numbers as pure functions of keys."""

from tgan.rng.streams import Stream, numpy_rng, seed_of

__all__ = ["Stream", "numpy_rng", "seed_of"]
