"""Profiles sum up a person before an instant."""

from __future__ import annotations

from decimal import Decimal

import pytest
from days import day
from pyspark.sql import Row

from shoplake.features.interest import interest
from shoplake.features.profiles import person_facts, profiles_of


@pytest.fixture(scope="module")
def profiles(view, silver, labels):
    def build(*interactions, at: float = 30, length: int = 3) -> dict[str, Row]:
        rows = view(*interactions)
        products = silver(
            "products",
            {"product_id": "s:A", "category": "Mugs", "brand": "Kiln"},
            {"product_id": "s:B", "category": "Rugs", "brand": "Kiln"},
            {"product_id": "s:C", "category": "Rugs"},
        )
        people = silver("people", {"person_key": "ann", "segment": "loyal"})
        told = interest(rows, day(at), labels.interest)
        facts = person_facts(
            *(rows, told, products, people, day(at)), history_length=length, zone="UTC"
        ).persist()
        found = {row["person_key"]: row for row in profiles_of(facts, day(at)).collect()}
        facts.unpersist()
        return found

    return build


@pytest.fixture(scope="module")
def people(profiles) -> dict[str, Row]:
    """Each for one test, and fewer than a segment has: the plan is dear, its rows are not."""
    return profiles(
        ("ann", "A", "view", 10),
        ("ann", "A", "purchase", 12),
        ("ann", "A", "purchase", 20),
        ("ann", "B", "purchase", 21, 22),
        ("ann", "B", "return", 22),
        ("ann", "C", "purchase", 30),
        ("returner", "A", "purchase", 12),
        ("returner", "B", "return", 13),
        ("reader", "A", "view", 1),
        ("reader", "B", "view", 2),
        ("reader", "C", "view", 3),
        ("reader", "D", "view", 4),
        ("reader", "B", "cart", 5),
        ("reader", "E", "dismiss", 6),
        ("mugs first", "A", "purchase", 20),
        ("mugs first", "B", "click", 20),
        ("rugs of two brands", "B", "click", 20),
        ("rugs of two brands", "C", "click", 20),
        ("no brand", "C", "click", 20),
        ("looker", "A", "view", 29.5),
        ("leaner", "A", "purchase", 20),
        ("leaner", "B", "view", 20.5),
        ("leaner", "C", "view", 20.5),
        ("leaner", "D", "view", 40),  # after the instant
    )


def test_profile_counts_what_stood_before_the_instant(people) -> None:
    row = people["ann"]
    assert (row["orders"], row["items"], row["spend"]) == (2, 1, Decimal("4.0000"))
    assert (row["recency_days"], row["tenure_days"]) == (8, 20)
    assert (row["mean_price"], row["main_platform"], row["segment"]) == (2.0, "web", "loyal")


def test_return_of_what_was_never_bought_does_not_lower_spend(people) -> None:
    assert people["returner"]["spend"] == Decimal("2.0000")


def test_history_is_the_newest_distinct_products(people) -> None:
    assert people["reader"]["history"] == ["s:B", "s:D", "s:C"]


@pytest.mark.parametrize(
    ("who", "category", "brand"),
    [
        ("mugs first", "Mugs", "Kiln"),
        ("rugs of two brands", "Rugs", "Kiln"),
        ("no brand", "Rugs", None),
    ],
)
def test_favourites_have_the_most_interest_in_sum(people, who, category, brand) -> None:
    assert (people[who]["favourite_category"], people[who]["favourite_brand"]) == (category, brand)


def test_person_who_only_looked_has_a_profile_without_orders(people) -> None:
    row = people["looker"]
    assert (row["orders"], row["spend"], row["mean_price"], row["segment"]) == (0, 0, None, None)


def test_leanings_hold_shares_with_the_interactions_behind_them(people) -> None:
    row = people["leaner"]
    assert list(row["category_affinity"]) == ["Mugs", "Rugs"]
    assert sum(row["category_affinity"].values()) == pytest.approx(1, abs=1e-3)
    assert row["category_evidence"] == {"Mugs": 1, "Rugs": 2}
    assert (row["platform_share"], row["platform_evidence"]) == ({"web": 1.0}, {"web": 3})
    # Too few purchases to say anything of prices, and too few people for a segment.
    assert (row["price_sensitivity"], row["price_sensitivity_evidence"]) == (None, 0)
    assert row["behaviour_segment"] is None
    assert (row["active_hours"][0], row["active_hours"][12]) == (1, 2)
    assert sum(x * x for x in row["embedding"]) == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
def test_a_stage_is_relative_to_ones_own_rhythm(profiles) -> None:
    often = [("often", "A", "purchase", day_) for day_ in range(0, 20, 2)]
    seldom = [("seldom", "A", "purchase", day_) for day_ in (0, 9, 18)]
    regular = [("regular", "A", "purchase", day_) for day_ in range(1, 30, 4)]
    rows = profiles(*often, *seldom, *regular, ("fresh", "B", "view", 28))
    found = {who: (r["lifecycle_stage"], r["rhythm_days"]) for who, r in rows.items()}
    # Twelve days of silence: six times one's own gap, or once.
    assert found["often"] == ("lapsed", 2.0)
    assert found["seldom"] == ("active", 9.0)
    assert found["regular"] == ("loyal", 4.0)
    assert found["fresh"] == ("new", 4.0)
    scores = {who: r["frequency_score"] for who, r in rows.items()}
    assert scores["often"] > scores["regular"] > scores["seldom"]
    assert scores["fresh"] is None


def test_a_segment_is_named_for_ten_people_or_more(profiles) -> None:
    many = [
        (f"night owl {n}", "A", "view", 20 + hour / 24) for n in range(10) for hour in range(5)
    ] * 2
    few = [(f"early bird {n}", "B", "view", 20.4) for n in range(9) for _ in range(10)]
    noon = [(f"{n} at noon", "C", "view", 20.5) for n in range(9) for _ in range(10)]
    rows = profiles(*many, *few, *noon)
    owl, bird = rows["night owl 0"], rows["early bird 0"]
    assert owl["behaviour_segment"] == "night browsers of Mugs"
    assert owl["segment_people"] == 10
    # Nine early birds and nine at noon: no name of their own, but one that eighteen share.
    assert (bird["behaviour_segment"], bird["segment_people"]) == ("browsers of Rugs", 18)


def test_table_has_the_columns_of_its_contract(view, silver, labels, schema_of) -> None:
    rows = view(("ann", "A", "click", 1))
    told = interest(rows, day(2), labels.interest)
    parts = (rows, told, silver("products"), silver("people"), day(2))
    found = profiles_of(person_facts(*parts, history_length=5, zone="UTC"), day(2))
    promised = {f.name: f.dataType for f in schema_of("gold.user_profiles")}
    assert {f.name: f.dataType for f in found.schema} == promised
