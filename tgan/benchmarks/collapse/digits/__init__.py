"""Part of the benchmark of cures: DCGANs of stacked digits."""
