"""Part 3 of the benchmark of strategies: narrow TGANs on video."""
