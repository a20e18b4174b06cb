"""Benchmark of few labels: classifiers that are told the classes of a few pictures."""
