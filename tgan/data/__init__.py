"""Clips: decoding, packing, reading and drawing them; only `loader` needs torch."""
