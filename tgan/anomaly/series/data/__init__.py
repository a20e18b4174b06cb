"""Time series: reading, preparation, writing, simulation."""
