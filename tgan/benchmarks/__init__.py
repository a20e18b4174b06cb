"""Measurements of speed, each against a baseline in the same run."""
