"""Benchmark of TadGAN: it and baselines share the preparation of series and the way from errors."""
