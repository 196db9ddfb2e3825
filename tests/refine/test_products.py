from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyspark.sql import DataFrame, Row

from shoplake.refine.products import products
from shoplake.refine.settings import RefineSettings

BronzeMaker = Callable[..., DataFrame]


def stated(day: int | None, name: str | None = "MUG", **given: Any) -> dict[str, Any]:
    at = None if day is None else f"2020-01-{day:02} 00:00:00"
    return {"product_id": "a1", "name": name, "updated_at": at} | given


def refined(frame: DataFrame, settings: RefineSettings) -> dict[str, Row]:
    return {row["row_id"]: row for row in products(frame, settings).collect()}


def test_version_ends_where_the_next_begins(bronze: BronzeMaker, settings: RefineSettings) -> None:
    frame = bronze("products", stated(1), stated(2, price="2.5"), stated(5, price="3"))
    found = refined(frame, settings)
    spans = [(r["valid_from"].day, r["valid_to"] and r["valid_to"].day) for r in found.values()]
    assert sorted(spans, key=lambda s: s[0]) == [(1, 2), (2, 5), (5, None)]
    assert [found[f"r{i}"]["is_current"] for i in range(3)] == [False, False, True]
    assert {row["product_id"] for row in found.values()} == {"shop:A1"}


def test_equal_statement_confirms_the_version_it_follows(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    frame = bronze("products", stated(1), stated(2), stated(3, "CUP"), stated(4), stated(5))
    found = refined(frame, settings)
    duplicates = {k: row["_duplicate_of"] for k, row in found.items()}
    assert duplicates == {"r0": None, "r1": "r0", "r2": None, "r3": None, "r4": "r3"}
    assert found["r0"]["valid_to"] == datetime(2020, 1, 3)


def test_most_mentioned_name_so_far_wins_an_instant(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    frame = bronze(
        "products",
        stated(1, "MUG", mentions="5"),
        stated(1, "DAMAGED", mentions="2"),
        stated(2, "DAMAGED", mentions="2"),
        stated(2, "MUG", mentions="1"),
        stated(3, "B", mentions="9"),
        stated(3, "A", mentions="9"),
    )
    found = refined(frame, settings)
    assert {k: row["_duplicate_of"] for k, row in found.items()} == {
        "r0": None, "r1": "r0", "r2": "r0", "r3": "r0", "r4": "r5", "r5": None,
    }  # fmt: skip


def test_statement_for_quarantine_ends_no_version(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    frame = bronze(
        "products", stated(1), stated(2, price="dear"), stated(3, None), stated(4, attributes="{")
    )
    found = refined(frame, settings)
    assert found["r0"]["is_current"] is True
    assert [tuple(f) for f in found["r1"]["_cast_failures"]] == [("price", "dear")]
    assert [tuple(f) for f in found["r3"]["_cast_failures"]] == [("attributes", "{")]
    assert [row["_duplicate_of"] for row in found.values()] == [None] * 4


def test_undated_product_is_valid_from_1970(bronze: BronzeMaker, settings: RefineSettings) -> None:
    row = refined(bronze("products", stated(None)), settings)["r0"]
    assert (row["valid_from"], row["is_current"]) == (datetime(1970, 1, 1), True)


def test_model_text_says_each_word_once_and_is_cut_at_a_word(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    frame = bronze(
        "products",
        stated(
            1,
            "Red  MUG",
            brand="Acme",
            category="Home > Mug",
            attributes='{"size": "L", "colour": "red"}',
        ),
        stated(1, " ".join(f"word{i}" for i in range(90)), product_id="long"),
    )
    found = refined(frame, settings)
    assert found["r0"]["text"] == "red mug acme home l"
    assert len(found["r1"]["text"]) <= 200
    assert found["r1"]["text"].split()[-1] in found["r1"]["name"].split()


@examples(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drawn=st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from("AB"), st.sampled_from(["1", "2"])),
        min_size=8,
        max_size=25,
    ),
    seed=st.integers(0, 9),
)
def test_versions_agree_with_the_oracle(
    bronze: BronzeMaker, settings: RefineSettings, drawn: list[Any], seed: int
) -> None:
    rows = [
        stated(day, name, mentions=n, row_id=f"r{i:02}") for i, (day, name, n) in enumerate(drawn)
    ]
    expected = history(rows)
    random.Random(seed).shuffle(rows)
    found = refined(bronze("products", *rows).repartition(1 + seed % 3), settings)
    assert {k: (r["_duplicate_of"], r["is_current"]) for k, r in found.items()} == expected


def history(rows: list[dict[str, Any]]) -> dict[str, tuple[str | None, bool]]:
    mentions: dict[str, int] = {}
    version, found = None, {}
    for day in sorted({row["updated_at"] for row in rows}):
        today = [row for row in rows if row["updated_at"] == day]
        for row in today:
            mentions[row["name"]] = mentions.get(row["name"], 0) + int(row["mentions"])
        today.sort(
            key=lambda r: (-mentions[r["name"]], r["name"], -int(r["mentions"]), r["row_id"])
        )
        if version is None or version["name"] != today[0]["name"]:
            version = today[0]
        for row in today:
            found[row["row_id"]] = None if row is version else version["row_id"]
    assert version is not None
    return {row: (of, row == version["row_id"]) for row, of in found.items()}
