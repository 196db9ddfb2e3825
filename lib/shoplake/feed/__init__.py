"""A pinned gold snapshot becomes torch batches."""
