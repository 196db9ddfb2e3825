"""Training sets: cuts that do not overlap, positives from after them, sampled negatives."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter

import pytest
from days import day
from pyspark.sql import DataFrame
from world import HORIZON, LENGTH, build, few_cuts, happenings

from shoplake.errors import TooYoungError
from shoplake.features.training import plan_cuts


@pytest.fixture(scope="module")
def interactions(view) -> DataFrame:
    return view(*happenings())


@pytest.fixture(scope="module")
def examples(interactions, labels) -> list:
    return build(interactions, labels).examples.collect()


def changed(labels, **dataset: int):
    return dataclasses.replace(labels, dataset=dataclasses.replace(labels.dataset, **dataset))


def test_cuts_are_whole_horizons_apart_and_the_last_is_the_test(labels) -> None:
    cuts = plan_cuts(day(0), day(100), 20, labels.dataset)
    assert [(c.snapshot, c.at, c.until, c.split) for c in cuts] == [
        (0, day(20), day(40), "train"),
        (1, day(40), day(60), "train"),
        (2, day(60), day(80), "train"),
        (3, day(80), day(100), "test"),
    ]


def test_no_more_training_cuts_than_allowed(labels) -> None:
    cuts = plan_cuts(day(0), day(1000), 20, labels.dataset)
    assert [c.split for c in cuts].count("train") == labels.dataset.max_snapshots


def test_too_little_data_is_an_error_that_says_how_much_is_needed(labels) -> None:
    with pytest.raises(TooYoungError, match="bring 54 days"):
        plan_cuts(day(0), day(50), 20, labels.dataset)


def test_positives_are_what_people_with_history_touched_in_the_window(
    interactions, examples, labels
) -> None:
    index = {r["product_id"]: r["item_index"] for r in build(interactions, labels).index.collect()}
    rows = interactions.selectExpr("person_key", "product_id", "kind", "at").collect()
    for cut in few_cuts(labels):
        start, end = cut.at.replace(tzinfo=None), cut.until.replace(tzinfo=None)
        expected = {
            (r["person_key"], index[r["product_id"]], r["kind"] == "purchase")
            for r in rows
            if start < r["at"] <= end
        }
        bought = {(who, what) for who, what, purchase in expected if purchase}
        found = [r for r in examples if r["snapshot"] == cut.snapshot and r["label"] > 0]
        assert {(r["person_key"], r["target_index"]) for r in found} == {e[:2] for e in expected}
        assert {(r["person_key"], r["target_index"]) for r in found if r["is_purchase"]} == bought


def test_negatives_are_untouched_items_at_most_as_many_as_wished(examples) -> None:
    positive = {
        (r["snapshot"], r["person_key"], r["target_index"]) for r in examples if r["label"] > 0
    }
    negative = [
        (r["snapshot"], r["person_key"], r["target_index"]) for r in examples if r["label"] == 0
    ]
    assert negative
    assert len(set(negative)) == len(negative)
    assert not positive & set(negative)
    wished, drawn = (Counter(row[:2] for row in rows) for rows in (positive, negative))
    assert all(drawn[who] <= wished[who] for who in drawn)


def test_history_has_one_length_and_ids_are_distinct(examples) -> None:
    assert {len(r[name]) for r in examples for name in r.asDict() if "history" in name} == {LENGTH}
    assert len({r["example_id"] for r in examples}) == len(examples)
    assert {r["split"] for r in examples} == {"train", "test"}


def test_new_items_were_never_bought_before_the_cut(interactions, labels, view) -> None:
    rows = view(
        *happenings(),
        ("dana", "P1", "purchase", 1),
        *(("dana", f"FILL{n}", "view", 20 + n) for n in range(LENGTH)),
        ("dana", "P1", "purchase", 33),
        ("dana", "P2", "purchase", 33),
    )
    built = build(rows, labels)
    dana = built.examples.where("person_key = 'dana' AND snapshot = 0 AND is_purchase = 1")
    named = dana.join(built.index.withColumnRenamed("item_index", "target_index"), "target_index")
    assert {r["product_id"]: r["is_new"] for r in named.collect()} == {"s:P1": 0, "s:P2": 1}


@pytest.mark.slow
def test_people_without_history_have_no_examples(labels, view) -> None:
    rows = view(*happenings(), ("newcomer", "P1", "purchase", 55))
    assert build(rows, labels).examples.where("person_key = 'newcomer'").isEmpty()


@pytest.mark.slow
def test_cap_keeps_the_same_examples_of_a_larger_cap(interactions, labels) -> None:
    def kept(most: int) -> set[str]:
        capped = changed(labels, max_examples_per_snapshot=most, negatives_per_positive=0)
        built = build(interactions, capped, few_cuts(labels)[-1:])
        return {row["example_id"] for row in built.examples.select("example_id").collect()}

    few, more = kept(14), kept(17)
    assert len(few) == 14
    assert few < more


def test_cap_never_cuts_a_purchase(interactions, labels) -> None:
    def kept(most: int) -> list:
        capped = changed(labels, max_examples_per_snapshot=most, negatives_per_positive=0)
        return build(interactions, capped, few_cuts(labels)[-1:]).examples.collect()

    every = kept(1000)
    bought = {r["example_id"] for r in every if r["is_purchase"]}
    assert 1 < len(bought) < len(every)
    assert {r["example_id"] for r in kept(1)} == bought
    one_more = {r["example_id"] for r in kept(len(bought) + 1)}
    assert bought < one_more
    assert len(one_more) == len(bought) + 1


@pytest.mark.slow
def test_popular_items_are_drawn_more_often(labels, view) -> None:
    crowd = [(f"fan {n}", "HIT", "click", 45) for n in range(80)]
    seekers = [(f"seeker {n}", "OWN", kind, at) for n in range(80) for kind, at in WANTED]
    rare = [("fan 0", "RARE", "click", 45)]
    built = build(view(*crowd, *seekers, *rare), labels, few_cuts(labels)[-1:])
    named = built.examples.join(
        built.index.withColumnRenamed("item_index", "target_index"), "target_index"
    )
    drawn = Counter(r["product_id"] for r in named.where("label = 0").collect())
    # (1 + 80)^0.75 is 16 times (1 + 1)^0.75.
    assert drawn["s:HIT"] > 6 * drawn["s:RARE"]


WANTED = (("view", 5), ("click", 55))


def test_snapshot_popularity_is_of_people_before_the_cut(labels, view) -> None:
    rows = view(
        ("ann", "A", "purchase", 15),
        ("bob", "A", "click", 28),
        ("bob", "A", "purchase", 29),
        ("cem", "A", "view", 29),
        ("dan", "A", "purchase", 30),
        ("eve", "B", "click", 31),
    )
    first = build(rows, labels).snapshots.where("snapshot = 0").collect()
    assert [(r["item_index"], r["split"]) for r in first] == [(1, "train")]
    assert (first[0]["log_popularity"], first[0]["log_recent"]) == pytest.approx(
        (math.log1p(2), math.log1p(1))
    )


def test_tables_have_the_columns_of_their_contracts(interactions, labels, schema_of) -> None:
    built = build(interactions, labels)
    for table, rows in (
        ("gold.training_examples", built.examples),
        ("gold.item_snapshots", built.snapshots),
    ):
        promised = {f.name: f.dataType.simpleString() for f in schema_of(table)}
        assert {f.name: f.dataType.simpleString() for f in rows.schema} == promised


@pytest.mark.slow
def test_examples_do_not_depend_on_partitioning(interactions, examples, labels) -> None:
    again = build(interactions.repartition(5, "at"), labels).examples.collect()
    assert sorted(again) == sorted(examples)


def test_window_length_is_the_horizon(labels) -> None:
    assert {(c.until - c.at).days for c in few_cuts(labels)} == {HORIZON}
