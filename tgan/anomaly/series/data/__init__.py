"""Time series: read, prepared, written, simulated."""
