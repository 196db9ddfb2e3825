from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyspark.sql import DataFrame, Row

from shoplake.contracts.book import load_contracts
from shoplake.refine.products import products
from shoplake.refine.settings import RefineSettings
from shoplake.runtime.settings import conf_dir

BronzeMaker = Callable[..., DataFrame]


def stated(day: int | None, name: str | None = "MUG", **given: Any) -> dict[str, Any]:
    at = None if day is None else f"2020-01-{day:02} 00:00:00"
    return {"product_id": "a1", "name": name, "updated_at": at} | given


#: Each is a shop of its own, so that one build answers every test.
SHOPS: dict[str, list[dict[str, Any]]] = {
    "spans": [stated(1), stated(2, price="2.5"), stated(5, price="3")],
    "equal": [stated(1), stated(2), stated(3, "CUP"), stated(4), stated(5)],
    "names": [
        stated(1, "MUG", mentions="5"),
        stated(1, "DAMAGED", mentions="2"),
        stated(2, "DAMAGED", mentions="2"),
        stated(2, "MUG", mentions="1"),
        stated(3, "BB", mentions="9"),
        stated(3, "AA", mentions="9"),
    ],
    "held": [stated(1), stated(2, price="dear"), stated(3, None), stated(4, attributes="{")],
    "undated": [stated(None)],
    "undated_again": [
        stated(None, price="4", stock="5"),
        stated(None, price="6", stock="0"),
        stated(None, price="4", stock="5", row=9),
        stated(None, price="6", stock="0", product_id="b2"),
        stated(None, price="4", stock="5", product_id="b2", row=-1),
    ],
    "corrected": [
        stated(1, price="4", row=1),
        stated(1, price="5", row=2),
        stated(1, price="4", row=3),  # delivered again
        stated(1, price="5", product_id="b2", row=2),
        stated(1, price="4", product_id="b2", row=1),
    ],
    "against_rules": [
        stated(1, price="4"),
        stated(2, price="-1"),
        stated(1, stock="5", product_id="b2"),
        stated(2, stock="-2", product_id="b2"),
        stated(5, stock="9", product_id="b2"),
        stated(1, "X", price="-1", product_id="c3", mentions="9"),
        stated(1, "CUP", price="4", product_id="c3"),
    ],
    "text": [
        stated(
            1,
            "Red  MUG",
            brand="Acme",
            category="Home > Mug",
            attributes='{"size": "L", "colour": "red"}',
        ),
        stated(1, " ".join(f"word{i}" for i in range(90)), product_id="long"),
    ],
}
Shops = dict[str, list[Row]]
CONTRACT = load_contracts(conf_dir() / "contracts")["silver.products"]


def refined(
    bronze: BronzeMaker, shops: dict[str, list[dict[str, Any]]], settings: RefineSettings, seed: int
) -> Shops:
    """The rows of each shop in the order they are given in, whatever order they are sent in."""
    rows = [
        row | {"shop": shop, "row_id": f"{shop}/{i:02}", "row": row.get("row", i)}
        for shop, stated in shops.items()
        for i, row in enumerate(stated)
    ]
    random.Random(seed).shuffle(rows)
    frame = bronze("products", *rows).repartition(1 + seed % 3)
    found: Shops = {shop: [] for shop in shops}
    made = products(frame, settings, CONTRACT)
    for row in sorted(made.collect(), key=lambda r: r["row_id"]):
        found[row["row_id"].split("/")[0]].append(row)
    return found


@pytest.fixture(scope="module")
def shops(bronze: BronzeMaker, settings: RefineSettings) -> Shops:
    return refined(bronze, SHOPS, settings, seed=0)


def duplicates(rows: list[Row]) -> list[int | None]:
    """Which row of its shop each one repeats."""
    found = [row["_duplicate_of"] for row in rows]
    return [None if of is None else int(of.split("/")[1]) for of in found]


def test_version_ends_where_the_next_begins(shops: Shops) -> None:
    found = shops["spans"]
    spans = [(r["valid_from"].day, r["valid_to"] and r["valid_to"].day) for r in found]
    assert spans == [(1, 2), (2, 5), (5, None)]
    assert [row["is_current"] for row in found] == [False, False, True]
    assert {row["product_id"] for row in found} == {"spans:A1"}


def test_equal_statement_confirms_the_version_it_follows(shops: Shops) -> None:
    found = shops["equal"]
    assert duplicates(found) == [None, 0, None, None, 3]
    assert found[0]["valid_to"] == datetime(2020, 1, 3)


def test_most_mentioned_name_so_far_wins_an_instant(shops: Shops) -> None:
    assert duplicates(shops["names"]) == [None, 0, 0, 0, 5, None]


def test_statement_for_quarantine_ends_no_version(shops: Shops) -> None:
    found = shops["held"]
    assert found[0]["is_current"] is True
    assert [tuple(f) for f in found[1]["_cast_failures"]] == [("price", "dear")]
    assert [tuple(f) for f in found[3]["_cast_failures"]] == [("attributes", "{")]
    assert duplicates(found) == [None] * 4


def test_statement_that_breaks_a_rule_ends_no_version(shops: Shops) -> None:
    """It is held: without it, nothing else would say what the product is meanwhile."""
    found = shops["against_rules"]
    spans = [(r["valid_from"].day, r["valid_to"] and r["valid_to"].day) for r in found]
    assert spans[:5] == [(1, None), (2, None), (1, 5), (2, None), (5, None)]
    assert [r["is_current"] for r in found] == [True, False, False, False, True, False, True]
    assert duplicates(found) == [None] * 5 + [6, None]


def test_of_one_instant_what_was_new_last_is_kept(shops: Shops) -> None:
    assert duplicates(shops["corrected"]) == [1, None, 1, None, 3]


def test_last_statement_of_an_undated_product_counts(shops: Shops) -> None:
    """Also one that says an old thing again, as of a product that is in stock again."""
    found = shops["undated_again"]
    assert [i for i, r in enumerate(found) if r["is_current"]] == [2, 3]
    assert duplicates(found) == [2, 2, None, None, 3]


def test_undated_product_is_valid_from_1970(shops: Shops) -> None:
    (row,) = shops["undated"]
    assert (row["valid_from"], row["is_current"]) == (datetime(1970, 1, 1), True)


def test_model_text_says_each_word_once_and_is_cut_at_a_word(shops: Shops) -> None:
    short, long = shops["text"]
    assert short["text"] == "red mug acme home l"
    assert len(long["text"]) <= 200
    assert long["text"].split()[-1] in long["name"].split()


statements = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(["AA", "BB"]), st.sampled_from(["1", "2"])),
    min_size=8,
    max_size=25,
)


@examples(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.lists(statements, min_size=8, max_size=8), seed=st.integers(0, 9))
def test_versions_agree_with_the_oracle(
    bronze: BronzeMaker, settings: RefineSettings, drawn: list[list[Any]], seed: int
) -> None:
    sent = {
        shop: [stated(day, name, mentions=n) for day, name, n in statements]
        for shop, statements in zip("abcdefgh", drawn, strict=True)
    }
    found = refined(bronze, sent, settings, seed)
    for shop, rows in sent.items():
        said = [
            (of, row["is_current"])
            for of, row in zip(duplicates(found[shop]), found[shop], strict=True)
        ]
        assert said == history(rows)


def history(rows: list[dict[str, Any]]) -> list[tuple[int | None, bool]]:
    mentions: dict[str, int] = {}
    version = -1
    found: list[tuple[int | None, bool]] = [(None, False)] * len(rows)
    for day in sorted({row["updated_at"] for row in rows}):
        today = [i for i, row in enumerate(rows) if row["updated_at"] == day]
        for i in today:
            name = rows[i]["name"]
            mentions[name] = mentions.get(name, 0) + int(rows[i]["mentions"])
        today.sort(
            key=lambda i: (
                -mentions[rows[i]["name"]],
                rows[i]["name"],
                -int(rows[i]["mentions"]),
                i,
            )
        )
        if version < 0 or rows[version]["name"] != rows[today[0]]["name"]:
            version = today[0]
        for i in today:
            found[i] = (None if i == version else version, False)
    found[version] = (None, True)
    return found
