"""A ranker's vectors serve search only where later clicks on queries held out speak for them."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.search_encoder import compare_encoders
from shoplake.evaluate.search_past import moments
from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.roles import is_held_out
from shoplake.serve.search import ShopSearch

THINGS = ["lamp", "chair", "table", "mirror", "clock", "shelf", "vase", "bowl"]
# What people call the things, in words that no product has.
WORDS = ["zorb", "quix", "frum", "blat", "dwim", "glorp", "snig", "tharn"]
CALLED = dict(zip(WORDS, THINGS, strict=True))
START = datetime(2026, 1, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


class Knowing(TextEncoder):
    """Knows what people call the things they name in queries for which `knows` is true."""

    def __init__(self, knows):
        tiny = TextEncoder.load("tiny", max_tokens=16)
        super().__init__(tiny.base, max_tokens=16)
        self._knows = knows

    def encode(self, texts, *, token_budget=4096):
        found = np.full((len(texts), len(THINGS)), 0.01, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().strip(".").split():
                thing = CALLED.get(word) if self._knows(text) else None
                if (thing or word) in THINGS:
                    found[row, THINGS.index(thing or word)] = 1.0
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def encode_kept(self, texts):
        return self.encode(texts)


def lake():
    """8 products, and a search a day by a made-up word whose click falls on the product meant."""
    draw = np.random.default_rng(1)
    shown = []
    for day in range(2000):
        word = list(CALLED)[day % len(CALLED)]
        for position, product in enumerate(draw.permutation(len(THINGS))[:6], 1):
            clicked = float(THINGS[product] == CALLED[word])
            query = f"{word} {day % 1907}"
            shown.append((f"s{day}", query, product, position, clicked, START + timedelta(day)))
    names = ["session_id", "query", "product", "position", "clicked", "at"]
    shown = pd.DataFrame(shown, columns=names)
    sold = [pd.DataFrame({"product": range(8), "people": 1, "as_of": m}) for m in moments(shown)]
    return shown, pd.concat(sold)


def search(encoder):
    rows = pd.DataFrame({"product_id": [f"p{i}" for i in range(8)], "name": THINGS})
    return ShopSearch(rows.assign(text="", price=1.0, people=0.0, available=True), None, encoder)


def test_vectors_that_find_what_is_clicked_are_used():
    shown, sold = lake()
    base, tuned = search(Knowing(lambda text: False)), search(Knowing(lambda text: True))
    found = compare_encoders(base, tuned, shown, sold, seed=0)
    assert found.passed
    assert "queries that nothing learnt from" in found.reason


def test_vectors_that_know_only_queries_they_learnt_from_are_not():
    shown, sold = lake()
    base = search(Knowing(lambda text: False))
    # Spelling may change a query's word, not the number behind it.
    numbers = {query.split()[1] for query in shown["query"] if is_held_out(query)}
    learnt = search(Knowing(lambda text: not numbers & set(text.split())))
    found = compare_encoders(base, learnt, shown, sold, seed=0)
    assert found.gain is not None
    assert not found.passed


def test_few_clicks_say_nothing():
    shown, sold = lake()
    base, tuned = search(Knowing(lambda text: False)), search(Knowing(lambda text: True))
    found = compare_encoders(base, tuned, shown.head(300), sold, seed=0)
    assert found.gain is None
    assert not found.passed
