"""Benchmark of the training step: ours and that of a baseline script, in the same run."""
