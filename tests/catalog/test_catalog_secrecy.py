"""No personal value, pseudonym or record identity leaves the lake, and no text becomes code."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from pond import SECRETS

from shoplake.catalog.samples import HIDDEN, Mask
from shoplake.contracts.model import Column, Contract


@pytest.mark.parametrize("kind", SECRETS)
def test_no_file_contains_a_secret(kind: str, files: dict[str, str]) -> None:
    assert not [path for path, text in files.items() if SECRETS[kind] in text]


def test_harmless_parts_of_a_held_row_are_shown(files: dict[str, str]) -> None:
    text = files["tables/silver.orders.html"]
    assert "a very long and harmless…" in text
    assert "<q>0.0</q>" in text


COLUMNS = (
    Column("order_id", "string", key_position=1),
    Column("person_key", "string", classification="pseudonym"),
    Column("email", "string", classification="personal"),
    Column("quantity", "int"),
    Column("at", "timestamp"),
    Column("text", "string"),
    Column("title", "string", classification="public"),
    Column("_raw", "string"),
)


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("email", "x", HIDDEN),
        ("person_key", "x", HIDDEN),
        ("order_id", "x", HIDDEN),
        ("event_id", "x", HIDDEN),
        ("not_in_the_contract", "x", HIDDEN),
        ("_raw", "{}", HIDDEN),
        ("quantity", "-3", "-3"),
        ("quantity", "many", "many"),
        ("quantity", "4111111111111111", HIDDEN),
        ("quantity", "02079460958", HIDDEN),
        ("quantity", None, "null"),
        ("at", "2026-11-01 10:00:00", "2026-11-01 10:00:00"),
        ("at", "0000-00-00", "0000-00-00"),
        ("text", "short", "short"),
        ("text", "x" * 30, "x" * 24 + "…"),
        ("text", "to ada@example.org", HIDDEN),
        ("text", "my name is Ada Lovelace", HIDDEN),
        ("text", "x" * 30 + " ada@example.org", HIDDEN),
        ("title", "t" * 30, "t" * 30),
        ("title", "call +44 20 7946 0958", HIDDEN),
    ],
)
def test_mask(column: str, value: str | None, shown: str) -> None:
    contract = Contract("silver.things", "1.0.0", "", "", COLUMNS, ())
    assert Mask(contract, ("event_id",)).value(column, value) == shown


def test_identities_of_things_are_shown_where_no_people_are() -> None:
    contract = Contract("silver.things", "1.0.0", "", "", (COLUMNS[0], COLUMNS[3]), ())
    assert Mask(contract, ("order_id",)).value("order_id", "p1") == "p1"


def test_without_a_contract_nothing_is_shown() -> None:
    assert Mask(None, ()).value("anything", "x") == HIDDEN


class Code(HTMLParser):
    """Whatever a browser would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.scripts.append(str(dict(attrs).get("src", "inline")))
        self.handlers += [k for k, v in attrs if k.startswith("on") or k == "style"]
        self.handlers += [v for k, v in attrs if k == "href" and str(v).startswith("javascript:")]


def test_hostile_names_stay_text(files: dict[str, str]) -> None:
    seen = 0
    for path, text in files.items():
        if not path.endswith(".html"):
            assert "<script" not in text, path
            continue
        code = Code(text)
        assert [s.rpartition("/")[2] for s in code.scripts] == ["index.js", "catalog.js"], path
        assert not code.handlers, path
        seen += "&lt;script&gt;" in text
    assert seen >= 4, "the hostile names are there, as text"


def test_policy_allows_no_inline_code(files: dict[str, str]) -> None:
    for path, text in files.items():
        if path.endswith(".html"):
            assert "default-src 'none'" in text, path
            assert "unsafe" not in text.partition("</head>")[0], path
