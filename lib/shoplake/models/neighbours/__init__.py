"""Product similarity: which products stand for, go with, or are the same as which."""
