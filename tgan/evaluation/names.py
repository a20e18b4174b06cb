"""Names and limits of an evaluation, known without torch; tests hold them against their tables."""

# Metrics with a job of their own instead of a network.
GAM, NEAREST = "gam", "nearest"
CONTROL_NAMES = (
    *("real", "shuffled", "frozen", "noise", "reversed", "slow", "repeated", "incomplete"),
    *("blurred", "grainy", "flickering", "tinted", "cropped", "mirrored"),
)
# Those that are measured where none is named.
DEFAULT_CONTROLS = CONTROL_NAMES[:4]
# The least and the largest value of each. Seeds of samples lie two million apart, and gam takes
# twice as many as there are samples.
LIMITS = {"samples": (2, 1_000_000), "batch_size": (1, 10_000), "seed": (0, 1_000_000)}
