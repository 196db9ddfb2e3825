"""Readers of the public data folders that `shoplake evaluate` takes, one module a layout."""
