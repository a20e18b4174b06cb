"""Measures of how far samples are from real clips."""
