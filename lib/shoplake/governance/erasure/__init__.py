"""Erasing people: what identifies them, removing it, making old bytes unreachable, searching."""
