"""GANs of points in the plane, which several benchmarks train."""
