"""Bronze to silver: clean, unify, identify, deduplicate."""
