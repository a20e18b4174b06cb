"""Part 1 of the benchmark of strategies: critics beside a distance that is known."""
