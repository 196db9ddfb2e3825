"""Batch scoring, top-k and fallbacks."""
