from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, Row

from shoplake.refine.identify import identities, people, resolve_people, with_identity
from shoplake.refine.pseudonym import pseudonym
from shoplake.refine.settings import RefineSettings

BronzeMaker = Callable[..., DataFrame]


def person(id_: str, day: int = 1, **given: Any) -> dict[str, Any]:
    return {"person_id": id_, "signed_up_at": f"2020-01-{day:02}", "name": "Ann Lee"} | given


def rows_of(frame: DataFrame) -> dict[str, Row]:
    return {row["row_id"]: row for row in frame.collect()}


def test_declared_links_join_identities_of_one_shop(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    frame = bronze(
        "people",
        person("w1", platform="web", link_key="L"),
        person("a1", platform="app", link_key="L"),
        person("a2", platform="app"),
        person("w1", link_key="L", shop="other"),
    )
    found = rows_of(identities(frame, settings))
    key = settings.pseudonym_key
    assert found["r0"]["person_key"] == found["r1"]["person_key"]
    assert found["r0"]["person_key"] == pseudonym("shop:link:L", key)
    assert found["r0"]["identity_key"] == pseudonym("shop:w1", key)
    assert found["r2"]["person_key"] == found["r2"]["identity_key"]
    assert found["r3"]["person_key"] == pseudonym("other:link:L", key)
    assert [found[f"r{i}"]["linked_by"] for i in range(4)] == [
        "declared", "declared", "self", "declared",
    ]  # fmt: skip


def test_person_merges_their_identities(bronze: BronzeMaker, settings: RefineSettings) -> None:
    frame = bronze(
        "people",
        person(
            "w1", 2, platform="web", link_key="L", country="UK", birth_year="1987", consent="true"
        ),
        person("a1", 5, platform="app", link_key="L", segment="vip", consent="no"),
    )
    found = rows_of(people(frame, settings))
    assert found["r0"]["_duplicate_of"] == "r1"
    kept = found["r1"]
    assert (kept["platforms"], kept["country"], kept["birth_decade"], kept["segment"]) == (
        ["app", "web"], "UK", 1980, "vip",
    )  # fmt: skip
    assert (kept["consent"], kept["signed_up_on"]) == (False, date(2020, 1, 2))


def test_superseded_identity_follows_its_survivor(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    frame = bronze("people", person("w1", 1, link_key="OLD"), person("w1", 2, link_key="NEW"))
    found = rows_of(people(frame, settings))
    assert {row["person_key"] for row in found.values()} == {
        pseudonym("shop:link:NEW", settings.pseudonym_key)
    }
    assert {k: row["_duplicate_of"] for k, row in found.items()} == {"r0": "r1", "r1": None}


def test_private_value_that_cannot_be_cast_is_masked(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    row = rows_of(people(bronze("people", person("w1", birth_year="19 May 1987")), settings))["r0"]
    assert [tuple(f) for f in row["_cast_failures"]] == [("birth_year", "***")]


def test_no_identifying_value_reaches_silver(bronze: BronzeMaker, settings: RefineSettings) -> None:
    frame = bronze(
        "people",
        person("id-77", email="ann@lee.io", phone="020 7946 0958", address="1 Lane", link_key="L9"),
    )
    for table in (people, identities):
        text = str(table(frame, settings).collect())
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
