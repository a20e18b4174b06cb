"""Clips of one's own, from Python: arrays, lists of videos, datasets of torch, other objects."""
