"""One module per model family, the training loop, tracking and promotion."""
