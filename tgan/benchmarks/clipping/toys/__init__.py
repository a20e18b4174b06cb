"""Part 2 of the benchmark of strategies: GANs of points in the plane."""
