"""A query's part is told by the query alone, and few queries can be judged too."""

from shoplake.models.search.roles import held_out, is_for_weights, is_held_out

QUERIES = [f"lamp {n}" for n in range(2000)]


def test_a_fifth_is_held_out_and_never_for_weights():
    kept = [query for query in QUERIES if is_held_out(query)]
    assert 0.17 < len(kept) / len(QUERIES) < 0.23
    assert not any(map(is_for_weights, kept))
    assert 0.45 < sum(map(is_for_weights, QUERIES)) / len(QUERIES) < 0.55


def test_other_queries_letters_and_blanks_change_nothing():
    assert held_out(QUERIES[:500]) == held_out(QUERIES) & set(QUERIES[:500])
    assert [is_held_out(f" {query.upper()} ") for query in QUERIES[:50]] == [
        is_held_out(query) for query in QUERIES[:50]
    ]


def test_of_few_queries_two_are_judged_on():
    none = [query for query in QUERIES if not is_held_out(query)][:10]
    assert len(held_out(none)) == 2
