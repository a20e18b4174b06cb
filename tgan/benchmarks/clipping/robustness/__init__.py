"""Part 4 of the benchmark of strategies: a grid of settings."""
