"""Links make one person of several identities, and what is withdrawn never was."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import DataFrame, Row

from shoplake.refine.feedback import feedback
from shoplake.refine.identify import identities
from shoplake.refine.identity_links import identity_links
from shoplake.refine.links import persons
from shoplake.refine.pseudonym import pseudonym
from shoplake.refine.settings import RefineSettings
from shoplake.refine.vault import vault

BronzeMaker = Callable[..., DataFrame]
Rows = list[dict[str, Any]]
IDS = [f"i{n}" for n in range(8)]


class Sets:
    """Union-find (Galler and Fischer 1964), as plain as it can be."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def root(self, x: str) -> str:
        while self.parent.setdefault(x, x) != x:
            x = self.parent[x]
        return x

    def join(self, a: str, b: str) -> None:
        self.parent[self.root(a)] = self.root(b)


@given(
    st.dictionaries(st.sampled_from(IDS), st.sampled_from(["s1", "s2", None]), min_size=1),
    st.lists(
        st.tuples(
            st.sampled_from(IDS),
            st.sampled_from(["k1", "k2", "k3"]),
            st.sampled_from([0.5, 0.9, 1]),
        )
    ),
)
def test_persons_are_those_that_a_union_find_gives(
    subjects: dict[str, str | None], links: list[tuple[str, str, float]]
) -> None:
    named = {node: subject or node for node, subject in subjects.items()}
    edges = [(n, s, np.nan) for n, s in named.items()] + [(n, f"\n{k}", c) for n, k, c in links]
    found = persons(pd.DataFrame(edges, columns=["node", "other", "confidence"]))
    sets = Sets()
    for node, other, _ in edges:
        sets.join(node, other)
    expected = {}
    for node in named:
        root = sets.root(node)
        near = {s for n, s in named.items() if sets.root(n) == root}
        sure = [c for n, _, c in links if sets.root(n) == root]
        if len(near) > 1:
            expected[node] = (min(near), min(sure))
    told = zip(found["_identity"], found["_person"], found["_weakest"], strict=True)
    assert {node: (person, weakest) for node, person, weakest in told} == expected
    assert len(found) == len(expected)


def link(id_: str, key: str, day: int, **given: Any) -> dict[str, Any]:
    return {
        "person_id": id_, "key_kind": "card", "link_key": key, "declared_at": f"2026-01-{day:02}",
    } | given  # fmt: skip


def draw(seed: int) -> Rows:
    """Statements about a, b and c at few times, so that many are at once, in any order."""
    rng = random.Random(seed)
    return [
        link(
            *(rng.choice("abc"), rng.choice("12"), rng.randint(1, 3)),
            kind=rng.choice(["link", "link", "unlink"]),
            confidence=rng.choice(["1", "0.9", "0.5"]),
        )
        for _ in range(rng.randint(2, 9))
    ]


RANDOM = {f"random{seed}": draw(seed) for seed in range(40)}
#: Each is a shop of its own, so that one build of the table answers every test.
SHOPS: dict[str, Rows] = {
    "none": [],
    "chain": [link("c", "1", 1), link("b", "1", 1, confidence="0.95"), link("b", "2", 2),
              link("a", "2", 3), link("a", "9", 3, confidence="0.91")],
    "withdrawn": [link("a", "1", 1), link("b", "1", 1), link("b", "1", 2, kind="unlink")],
    "late": [link("a", "1", 1), link("b", "1", 3, kind="unlink"), link("b", "1", 2)],
    "again": [link("a", "1", 1), link("b", "1", 1), link("b", "1", 2, kind="unlink"),
              link("b", "1", 3)],
    "at_once": [link("a", "1", 1), link("b", "1", 2), link("b", "1", 2, kind="unlink")],
    "unsure": [link("a", "1", 1), link("b", "1", 1, confidence="0.4")],
    "kinds": [link("a", "1", 1), link("b", "1", 1, key_kind="email")],
    "held": [link("a", "1", 1), link("b", "1", 1, confidence="7"), link("c", "1", 1, kind="maybe")],
    "held_beside": [link("a", "1", 1), link("b", "1", 1), link("b", "1", 1, confidence="-3")],
    "alone": [link("a", "1", 1, confidence="0.95")],
    "till": [link(p, "0", 1) for p in ("a", "b", "c", *map(str, range(18)))],
} | RANDOM  # fmt: skip
PEOPLE = [{"person_id": p, "platform": "web", "signed_up_at": "2020-01-01"} for p in "abc"]


@pytest.fixture(scope="module")
def people(bronze: BronzeMaker) -> DataFrame:
    rows = [p | {"shop": s, "row_id": f"{s}/{p['person_id']}"} for s in SHOPS for p in PEOPLE]
    return bronze("people", *rows)


@pytest.fixture(scope="module")
def links(bronze: BronzeMaker) -> DataFrame:
    return bronze(
        "links",
        *(
            row | {"shop": shop, "row_id": f"{shop}/{i}"}
            for shop, rows in SHOPS.items()
            for i, row in enumerate(rows)
        ),
    )


@pytest.fixture(scope="module")
def known(
    people: DataFrame, links: DataFrame, settings: RefineSettings
) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in identities(people, settings, links).collect():
        shop, person = row["row_id"].split("/")
        found.setdefault(shop, {})[person] = row
    return found


def test_a_chain_of_keys_makes_one_person_named_by_the_first(
    known: dict[str, dict[str, Row]], settings: RefineSettings
) -> None:
    rows = known["chain"].values()
    assert {r["person_key"] for r in rows} == {pseudonym("chain:a", settings.pseudonym_key)}
    # A key that nobody else goes by joins nobody, so it makes the person no less sure.
    assert {(r["linked_by"], r["confidence"]) for r in rows} == {("declared", 0.95)}
    assert len({r["identity_key"] for r in rows}) == 3


@pytest.mark.parametrize(
    "shop", ["none", "withdrawn", "late", "at_once", "unsure", "kinds", "held", "alone", "till"]
)
def test_without_a_link_in_force_all_is_as_if_there_never_was_one(
    known: dict[str, dict[str, Row]], shop: str
) -> None:
    rows = known[shop].values()
    assert len(rows) == 3
    assert {r["person_key"] == r["identity_key"] for r in rows} == {True}
    assert {(r["linked_by"], r["confidence"], r["own_key"]) for r in rows} == {("self", 1.0, None)}


def test_what_was_withdrawn_can_be_said_again(known: dict[str, dict[str, Row]]) -> None:
    rows = known["again"]
    assert rows["a"]["person_key"] == rows["b"]["person_key"] != rows["c"]["person_key"]


def test_a_statement_that_will_be_held_hides_no_other_of_its_time(
    known: dict[str, dict[str, Row]],
) -> None:
    rows = known["held_beside"]
    assert rows["a"]["person_key"] == rows["b"]["person_key"] != rows["c"]["person_key"]


def expected(rows: Rows) -> set[frozenset[str]]:
    """Who is one person, told statement by statement; where two are at once the wary one counts."""
    last: dict[tuple[str, str], tuple[str, bool, float]] = {}
    for row in sorted(
        rows, key=lambda r: (r["declared_at"], r["kind"] == "unlink", -float(r["confidence"]))
    ):
        last[row["person_id"], row["link_key"]] = (
            row["declared_at"], row["kind"] == "link", float(row["confidence"])
        )  # fmt: skip
    sets = Sets()
    for (person, key), (_, is_link, sure) in last.items():
        if is_link and sure >= 0.9:
            sets.join(person, f"key {key}")
    return {frozenset(p for p in "abc" if sets.root(p) == sets.root(q)) for q in "abc"}


@pytest.mark.parametrize("shop", RANDOM)
def test_the_last_word_on_each_link_decides_whatever_came_first(
    known: dict[str, dict[str, Row]], shop: str
) -> None:
    one: dict[str, set[str]] = {}
    for person, row in known[shop].items():
        one.setdefault(row["person_key"], set()).add(person)
    assert {frozenset(p) for p in one.values()} == expected(RANDOM[shop])


def test_every_statement_is_kept_with_the_time_it_held(
    people: DataFrame, links: DataFrame, settings: RefineSettings
) -> None:
    shops = "_source IN ('again', 'at_once', 'held')"
    people, links = people.where(shops), links.where(shops)
    table = identity_links(links, identities(people, settings, links), settings)
    rows = {r["row_id"]: r for r in table.collect()}
    key = settings.pseudonym_key
    days = [datetime(2026, 1, day) for day in (1, 2, 3)]
    told = [rows[f"again/{i}"] for i in (1, 2, 3)]
    assert [(r["valid_from"], r["valid_to"], r["is_linked"], r["confidence"]) for r in told] == [
        (days[0], days[1], True, 1.0),
        (days[1], days[2], False, 0.0),
        (days[2], None, True, 1.0),
    ]
    assert {r["link_key"] for r in told} == {pseudonym("again:link:card:1", key)}
    assert {r["person_key"] for r in told} == {pseudonym("again:a", key)}
    assert rows["at_once/1"]["_duplicate_of"] == "at_once/2"
    assert [f["column"] for f in rows["held/2"]["_cast_failures"]] == ["kind"]
    assert not [v for v in ("'a'", "card:1") if v in str(rows["again/1"])]


@pytest.mark.slow
def test_feedback_on_a_list_of_before_the_link_is_the_linked_persons(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    key = settings.pseudonym_key
    people = bronze(
        "people", *({"person_id": p, "platform": "web", "link_key": f"L{p}"} for p in "ab")
    )
    links = bronze("links", link("a", "1", 1), link("b", "1", 1))
    lists = [{"person_id": pseudonym(f"shop:link:L{p}", key), "feedback_id": p} for p in "ab"]
    known = identities(people, settings, links)
    whose = vault(("bronze.people",), lambda _: people, None, key)
    rows = feedback(bronze("feedback", *lists), known, whose, settings).collect()
    assert [r["person_key"] for r in rows] == [pseudonym("shop:link:La", key)] * 2
