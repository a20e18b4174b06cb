"""Packing videos into memory-mapped shards, over several processes, resumably."""
