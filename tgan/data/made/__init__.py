"""Synthetic data: clips that are drawn or rendered when they are asked for."""
