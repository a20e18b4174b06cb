"""Part 5 of the benchmark of strategies: what constraints cost, and what they certify."""
