"""Search: products ranked for a query by words, letters, meaning and earlier judgements."""
