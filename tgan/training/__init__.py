"""Training: steps, the task, checkpoints, logs and the loop."""
