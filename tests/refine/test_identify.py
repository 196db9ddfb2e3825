from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from shoplake.contracts.book import load_contracts
from shoplake.refine.identify import identities, people, resolve_people, with_identity
from shoplake.refine.pseudonym import pseudonym
from shoplake.refine.settings import RefineSettings
from shoplake.runtime.settings import conf_dir

BronzeMaker = Callable[..., DataFrame]


def person(id_: str, day: int = 1, **given: Any) -> dict[str, Any]:
    return {"person_id": id_, "signed_up_at": f"2020-01-{day:02}", "name": "Ann Lee"} | given


#: Each is a shop of its own, so that one build of each table answers every test.
SHOPS: dict[str, list[dict[str, Any]]] = {
    "linked": [
        person("w1", platform="web", link_key="L"),
        person("a1", platform="app", link_key="L"),
        person("a2", platform="app"),
    ],
    "other": [person("w1", link_key="L")],
    "merged": [
        person(
            "w1", 2, platform="web", link_key="L", country="UK", birth_year="1987", consent="true"
        ),
        person("a1", 5, platform="app", link_key="L", segment="vip", consent="no"),
    ],
    "moved": [person("w1", 1, link_key="OLD"), person("w1", 2, link_key="NEW")],
    "against rules": [
        person("w1", 1, platform="web", link_key="L", birth_year="1987", consent="true"),
        person("w1", 2, platform="web", link_key="L", birth_year="9999", country="UK"),
        person("a1", 3, platform="app", link_key="L", country="FR", consent="true"),
    ],
    "another against rules": [
        person("w1", 5, platform="web", link_key="L", birth_year="1987", consent="true"),
        person("a1", 3, platform="app", link_key="L", birth_year="1", consent="true"),
    ],
    "uncast": [person("w1", birth_year="19 May 1987")],
    "private": [
        person("id-77", email="ann@lee.io", phone="020 7946 0958", address="1 Lane", link_key="L9")
    ],
}
Shops = dict[str, list[Row]]


def shops_of(frame: DataFrame) -> Shops:
    found: Shops = {shop: [] for shop in SHOPS}
    for row in sorted(frame.collect(), key=lambda row: row["row_id"]):
        found[row["row_id"].split("/")[0]].append(row)
    return found


def rows_of(frame: DataFrame) -> dict[str, Row]:
    return {row["row_id"]: row for row in frame.collect()}


@pytest.fixture(scope="module")
def sent(bronze: BronzeMaker) -> DataFrame:
    rows = [
        row | {"shop": shop, "row_id": f"{shop}/{i}"}
        for shop, rows in SHOPS.items()
        for i, row in enumerate(rows)
    ]
    return bronze("people", *rows)


@pytest.fixture(scope="module")
def known(sent: DataFrame, settings: RefineSettings) -> Shops:
    return shops_of(identities(sent, settings))


@pytest.fixture(scope="module")
def persons(sent: DataFrame, settings: RefineSettings) -> Shops:
    rules = load_contracts(conf_dir() / "contracts")["silver.people"]
    return shops_of(people(sent, settings, contract=rules))


def test_declared_links_join_identities_of_one_shop(known: Shops, settings: RefineSettings) -> None:
    web, app, other_app = known["linked"]
    (other,) = known["other"]
    key = settings.pseudonym_key
    assert web["person_key"] == app["person_key"] == pseudonym("linked:link:L", key)
    assert web["identity_key"] == pseudonym("linked:w1", key)
    assert other_app["person_key"] == other_app["identity_key"]
    assert other["person_key"] == pseudonym("other:link:L", key)
    assert [row["linked_by"] for row in (web, app, other_app, other)] == [
        "declared", "declared", "self", "declared",
    ]  # fmt: skip


def test_person_merges_their_identities(persons: Shops) -> None:
    repeated, kept = persons["merged"]
    assert repeated["_duplicate_of"] == "merged/1"
    assert (kept["platforms"], kept["country"], kept["birth_decade"], kept["segment"]) == (
        ["app", "web"], "UK", 1980, "vip",
    )  # fmt: skip
    assert (kept["consent"], kept["signed_up_on"]) == (False, date(2020, 1, 2))


def test_superseded_identity_follows_its_survivor(persons: Shops, settings: RefineSettings) -> None:
    old, new = persons["moved"]
    key = pseudonym("moved:link:NEW", settings.pseudonym_key)
    assert (old["person_key"], new["person_key"]) == (key, key)
    assert (old["_duplicate_of"], new["_duplicate_of"]) == ("moved/1", None)


def test_a_person_stands_whatever_a_row_that_will_be_held_says(persons: Shops) -> None:
    """But that they do not consent."""
    old, held, kept = persons["against rules"]
    assert [row["_duplicate_of"] for row in (old, held, kept)] == ["against rules/2", None, None]
    assert (kept["birth_decade"], kept["country"], kept["platforms"]) == (
        1980, "FR", ["app", "web"],
    )  # fmt: skip
    assert kept["consent"] is False
    assert (held["birth_decade"], held["country"]) == (9990, "UK")


def test_an_identity_that_breaks_a_rule_is_held_whenever_it_was_said(persons: Shops) -> None:
    kept, held = persons["another against rules"]
    assert (kept["_duplicate_of"], held["_duplicate_of"]) == (None, None)
    assert (kept["birth_decade"], kept["platforms"], kept["consent"]) == (1980, ["web"], True)


def test_private_value_that_cannot_be_cast_is_masked(persons: Shops) -> None:
    (row,) = persons["uncast"]
    assert [tuple(f) for f in row["_cast_failures"]] == [("birth_year", "***")]


def test_no_identifying_value_reaches_silver(persons: Shops, known: Shops) -> None:
    for table in (persons, known):
        text = str(table["private"])
        assert "private" in text
        assert not [v for v in ("id-77", "Ann", "ann@", "7946", "Lane", "L9") if v in text]


def test_ids_resolve_to_persons_and_unknown_ids_to_themselves(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    known = identities(bronze("people", person("w1", link_key="L")), settings)
    sent = bronze("orders", *({"person_id": p} for p in ("w1", "new", None))).selectExpr(
        "_row_id as row_id", "_source as shop", "person_id"
    )
    found = rows_of(resolve_people(with_identity(sent, settings.pseudonym_key), known))
    key = settings.pseudonym_key
    assert [found[f"r{i}"]["person_key"] for i in range(3)] == [
        pseudonym("shop:link:L", key), pseudonym("shop:new", key), None,
    ]  # fmt: skip
