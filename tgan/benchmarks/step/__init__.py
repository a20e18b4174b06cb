"""Our training step against a baseline script, in the same run."""
