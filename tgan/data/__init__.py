"""Clips: decoded, packed, read and drawn; only `loader` and `pixels` need torch."""
