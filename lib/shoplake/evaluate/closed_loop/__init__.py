"""The closed loop in memory: what learning from its own feedback gains the built-in shop."""
