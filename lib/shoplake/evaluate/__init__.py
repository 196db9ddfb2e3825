"""Metrics, intervals, baselines and protocol cards."""
