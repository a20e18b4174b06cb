"""Engine of the benchmarks: jobs in processes of their own, queued, recorded, and resumed."""
