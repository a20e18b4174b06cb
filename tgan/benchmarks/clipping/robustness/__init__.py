"""Part 4: a grid of settings."""
