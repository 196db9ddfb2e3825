"""Rankers of text learnt from judged pairs: two architectures, six methods, any base model."""
