"""Shoplake: an online shop's raw data into governed tables and recommendations."""

__version__ = "0.1.0"
