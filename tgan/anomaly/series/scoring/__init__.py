"""From reconstructions to scores and intervals."""
