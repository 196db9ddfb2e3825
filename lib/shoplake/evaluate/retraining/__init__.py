"""Learning again: when, and whether what was learnt may serve."""
