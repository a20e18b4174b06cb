"""Jobs of a benchmark: queued, run in processes of their own, recorded."""
