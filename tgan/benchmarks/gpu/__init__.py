"""First hour on a machine with an accelerator: what to measure there, and how it is told."""
