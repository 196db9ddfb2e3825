"""Cheap labels: which pairs to label next, rules that vote, and labels that are likely wrong."""
