"""Search over products: misspelt, exact and vague queries, clicks, and shares that add up."""

import pandas as pd
import pytest

from shoplake.models.search.encoder import TextEncoder
from shoplake.serve.search import ShopSearch
from shoplake.serve.search_clicks import ClickedQueries

NAMES = ["Copper Glass Lantern", "Brass Candle Holder", "Navy Wool Throw", "Teal Wool Cushion"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def encoder():
    return TextEncoder.load("tiny", max_tokens=16)


def products(**columns):
    rows = pd.DataFrame({"product_id": ["a", "b", "c", "d"], "name": NAMES})
    known = {"text": "", "price": 1.0, "people": 0.0, "available": True}
    return rows.assign(**{**known, **columns})


def test_a_misspelt_query_finds_the_product(encoder):
    answer = ShopSearch(products(), None, encoder).answer("coper lantren", 2)
    assert answer.understood == "copper lantern"
    assert answer.hits[0].product_id == "a"


def test_the_shares_add_up_to_the_score(encoder):
    for hit in ShopSearch(products(people=[1, 2, 3, 4]), None, encoder).answer("wool", 4).hits:
        assert hit.score == pytest.approx(hit.words + hit.meaning + hit.behaviour)


@pytest.mark.parametrize("query", ["!!!", "\N{SLIGHTLY SMILING FACE}", ""])
def test_a_query_without_a_word_finds_nothing(encoder, query):
    assert ShopSearch(products(), None, encoder).answer(query, 4).hits == []


def test_a_query_of_ordinary_words_alone_is_answered(encoder):
    assert ShopSearch(products(), None, encoder).answer("for the", 4).hits


def test_other_text_is_found_too(encoder):
    search = ShopSearch(products(text=["", "", "for cosy evenings", ""]), None, encoder)
    assert search.answer("cosy", 1).hits[0].product_id == "c"


def test_what_cannot_be_bought_steps_back(encoder):
    search = ShopSearch(products(available=[True, True, False, True]), None, encoder)
    assert search.answer("wool", 1).hits[0].product_id == "d"


def shown(clicks):
    """Product 2 at position 1 and product 3 at position 2, `clicks` of 10 each; others nothing."""
    rows = [("wool", 2, 1, i < clicks[0]) for i in range(10)]
    rows += [("wool", 3, 2, i < clicks[1]) for i in range(10)]
    # Elsewhere the first position is clicked more, whatever stands there.
    rows += [("lamp", 0, 1, i < 9) for i in range(30)] + [("lamp", 1, 2, False)] * 30
    return pd.DataFrame(rows, columns=["query", "product", "position", "clicked"])


def test_clicks_count_against_what_their_position_expects(encoder):
    clicked = ClickedQueries(shown((4, 4)), encoder, 4)
    votes = clicked.votes(encoder.encode(["wool"])[0])
    assert votes[3] > votes[2]


def test_clicks_move_a_product_up(encoder):
    plain = ShopSearch(products(), None, encoder).answer("wool", 2).hits
    last = {"c": 2, "d": 3}[plain[1].product_id]
    clicks = (8, 0) if last == 2 else (0, 8)
    clicked = ClickedQueries(shown(clicks), encoder, 4)
    hits = ShopSearch(products(), clicked, encoder).answer("wool", 4).hits
    moved = next(h for h in hits if h.product_id == plain[1].product_id)
    assert moved.behaviour > 0
    assert moved.rank == 1
