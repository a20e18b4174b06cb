"""Names of scoring methods, and of the files that their results are written to."""

# As in `tgan.anomaly.images.detector.DETECTORS`.
METHODS = ("critic", "search", "encoder", "pca")
# Stands for the pictures that a run's own data hold back from training.
HELD_OUT = "held-out"
# The folder of an encoder within that of its run.
ENCODER = "encoder"
SCORES, SHEET, METRICS = "scores.csv", "sheet.png", "metrics.json"
