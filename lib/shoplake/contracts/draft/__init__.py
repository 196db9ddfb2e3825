"""Drafting a contract from data: read in pieces, sampled, drafted, and every clause counted."""
