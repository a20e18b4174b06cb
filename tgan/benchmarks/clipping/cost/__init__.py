"""Part 5: what constraints cost, and what they certify."""
