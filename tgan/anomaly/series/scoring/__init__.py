"""Scoring: from reconstructions to scores and intervals."""
