"""Part of the benchmark of cures: GANs of points in the plane."""
