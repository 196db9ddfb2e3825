"""Families of recommenders with one interface: fit on interactions, score histories in blocks."""
