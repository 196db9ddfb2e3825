"""Head queries: asked by enough people before the instant, whatever their letters' case."""

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace

from shoplake.serve.search import Answer, Hit
from shoplake.serve.search_batch import LEAST_PEOPLE, head_queries, newest, ranking_rows

NOW = datetime(2024, 5, 2)


def test_head_queries_are_counted_by_people_not_by_searches(spark):
    rows = [("Mug ", f"p{i}", datetime(2024, 5, 1)) for i in range(LEAST_PEOPLE)]
    rows += [("mug", "p0", datetime(2024, 5, 1)), ("rug", "p9", datetime(2024, 5, 1))]
    rows += [("rug", "p9", datetime(2024, 5, 1))] * 9
    rows += [("late", f"p{i}", NOW) for i in range(9)]
    searches = spark.createDataFrame(rows, "query string, person_key string, occurred_at timestamp")
    assert head_queries(searches, NOW, 10) == ["mug"]


def test_what_is_known_of_products_is_the_newest_however_late_the_events_are(spark):
    rows = [("a", datetime(2024, 4, 1)), ("a", datetime(2024, 5, 1)), ("b", datetime(2024, 5, 1))]
    features = spark.createDataFrame(rows, "product_id string, as_of timestamp")
    found = {(row.product_id, row.as_of) for row in newest(features).collect()}
    assert found == set(rows[1:])
    assert newest(features.limit(0)).count() == 0


def test_rows_keep_the_parts_of_each_score():
    class One:
        encoder = SimpleNamespace(name="relevance 3")

        def answers(self, queries: list[str], top: int) -> Iterator[Answer]:
            for query in queries:
                yield Answer(query, "mug", [Hit(1, "s:A", "Mug", 2.0, 3.0, 1.5, 1.0, 0.5)])

    assert list(ranking_rows(One(), ["mgu"], NOW, 5)) == [
        ("mgu", NOW, 1, "s:A", "Mug", 3.0, 1.5, 1.0, 0.5, "mug", "relevance 3")
    ]
