"""Shoplake: a lakehouse job suite that turns an online shop's data into governed tables and recommendations."""

__version__ = "0.1.0"
