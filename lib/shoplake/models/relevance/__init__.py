"""Rankers of text learnt from judged pairs: two architectures, six methods, BERT and GPT bases."""
