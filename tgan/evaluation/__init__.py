"""Samples of a generator, or controls, measured against real clips."""
