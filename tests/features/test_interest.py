"""The degree of interest follows what people did, and nothing from after its instant."""

from __future__ import annotations

import math

import pytest
from days import day
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.features.interest import interest


def degrees(rows: DataFrame) -> dict[str, float]:
    return {row["product_id"][2:]: row["interest"] for row in rows.collect()}


def test_degree_follows_the_documented_formula(view, labels) -> None:
    kinds = labels.interest.kinds
    rows = view(("ann", "A", "view", 0), ("ann", "A", "view", 7), ("ann", "A", "click", 9))
    views = sum(2 ** (-age / kinds["view"].half_life_days) for age in (10, 3))
    clicks = 2 ** (-1 / kinds["click"].half_life_days)
    evidence = kinds["view"].weight * math.log2(1 + views)
    evidence += kinds["click"].weight * math.log2(1 + clicks)
    found = degrees(interest(rows, day(10), labels.interest))
    assert found == {"A": pytest.approx(1 - math.exp(-evidence), abs=1e-8)}


def test_stronger_kinds_more_repeats_and_newer_dates_mean_more_interest(view, labels) -> None:
    rows = view(
        ("ann", "CLICK", "click", 9),
        ("ann", "VIEW", "view", 9),
        ("ann", "CART", "cart", 9),
        ("ann", "OLD", "purchase", 1),
        ("ann", "BOUGHT", "purchase", 9),
        ("ann", "TWICE", "purchase", 9),
        ("ann", "TWICE", "purchase", 8),
    )
    found = degrees(interest(rows, day(10), labels.interest))
    order = ["CLICK", "VIEW", "CART", "OLD", "BOUGHT", "TWICE"]
    assert sorted(found, key=found.__getitem__) == order


@pytest.mark.parametrize("kind", ["return", "dismiss"])
def test_return_and_dismissal_lower_interest_but_not_below_the_floor(view, labels, kind) -> None:
    rows = view(
        ("ann", "KEPT", "purchase", 10),
        ("ann", "AGAINST", "purchase", 10),
        *[("ann", "AGAINST", kind, 10)] * 40,
    )
    found = degrees(interest(rows, day(10.001), labels.interest))
    assert found["AGAINST"] < found["KEPT"]
    assert found["AGAINST"] >= labels.interest.purchase_floor - 1e-4


def test_purchase_taken_back_counts_until_it_was(view, labels) -> None:
    rows = view(("ann", "A", "purchase", 1, 5), ("ann", "A", "return", 5))
    before, after = (interest(rows, day(n), labels.interest).collect()[0] for n in (4, 6))
    assert (before["purchases"], before["returns"]) == (1, 0)
    assert (after["purchases"], after["returns"], after["interest"]) == (0, 1, 0.0)


def test_nothing_at_or_after_the_instant_changes_interest(view, labels) -> None:
    past = [("ann", "A", "click", 1), ("bob", "B", "purchase", 2)]
    future = [("ann", "A", "purchase", 5), ("cem", "C", "view", 7)]
    known = interest(view(*past), day(5), labels.interest)
    told = interest(view(*past, *future), day(5), labels.interest)
    assert sorted(told.collect()) == sorted(known.collect())


def test_table_has_the_columns_of_its_contract(view, labels, schema_of) -> None:
    rows = interest(view(("ann", "A", "click", 1)), day(2), labels.interest)
    promised = {f.name: f.dataType for f in schema_of("gold.interest") if f.name != "probability"}
    assert {f.name: f.dataType for f in rows.schema} == promised


def test_interest_does_not_depend_on_partitioning(view, labels) -> None:
    rows = view(*(("ann", "A", "view", n * 0.37) for n in range(25)))
    results = {
        interest(part, day(10), labels.interest).collect()[0]["interest"]
        for part in (
            rows.coalesce(1),
            rows.repartition(7),
            rows.orderBy(F.desc("at")).coalesce(1),
            rows.repartition(3, "at"),
        )
    }
    assert len(results) == 1
