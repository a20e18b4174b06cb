"""Benchmark of critic constraints: strategies, the parts that compare them, and the report."""
