"""Packed folders: videos as memory-mapped frames, which training reads fast."""
