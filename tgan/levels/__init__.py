"""Levels of games that a run makes: measured, repaired, and searched for a property."""
