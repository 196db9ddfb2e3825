"""Probabilistic demand per item and period, and the stock it asks for."""
