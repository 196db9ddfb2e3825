"""Spelling: towards the catalogue's words, and only where that is likelier than the query."""

import pytest

from shoplake.models.search.spelling import Speller, distance

TITLES = [
    *["Kohler Bathroom Faucet with Handle"] * 4,
    *["Light Bulb, 60 Watt"] * 4,
    *["Built-In Dishwasher in White"] * 3,
    *["Old Barn Clock"] * 3,
]


@pytest.fixture(scope="module")
def speller():
    return Speller(TITLES, ordinary=frozenset(["cold", "handel", "white"]))


@pytest.mark.parametrize(
    ("query", "right"),
    [
        ("koehler facuet", "kohler faucet"),
        ("lightbulb", "light bulb"),
        ("dish washer", "dishwasher"),
        ("bathroms", "bathrooms"),
        ("60 watt", "60 watt"),
        ("zzzzzzzz", "zzzzzzzz"),
    ],
)
def test_corrections(speller, query, right):
    assert " ".join(speller.correct(query)) in (right, right.rstrip("s"))


def test_a_word_of_the_language_stays_unless_its_neighbour_speaks_for_a_slip(speller):
    assert speller.correct("cold evening") == ["cold", "evening"]
    assert speller.correct("with handel") == ["with", "handle"]


@pytest.mark.parametrize(
    ("first", "second", "edits"), [("abc", "abc", 0), ("abc", "acb", 1), ("abc", "xyz", 3)]
)
def test_a_swap_of_neighbours_is_one_edit(first, second, edits):
    assert distance(first, second, 2) == edits
