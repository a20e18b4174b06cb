"""Benchmark of cures for mode collapse."""
