"""Keeping tables small and quick: few files, no file longer than somebody may need it."""
