"""Part 1: critics beside a distance that is known."""
