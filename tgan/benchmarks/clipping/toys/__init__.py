"""Part 2: GANs of points in the plane."""
