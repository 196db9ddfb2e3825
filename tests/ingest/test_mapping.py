from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from lamps import LAMPS, changed, column, lamps, write

from shoplake.errors import MappingError
from shoplake.ingest.check import check_shop, hints
from shoplake.ingest.entities import ENTITIES
from shoplake.ingest.mapping import check_mapping, load_mapping

ROOT = Path(__file__).parents[2]


def test_a_sound_mapping_has_no_problems(tmp_path: Path) -> None:
    assert check_mapping(write(tmp_path)) == []


def test_columns_are_read_in_every_spelling(tmp_path: Path) -> None:
    orders = (
        lamps(tmp_path, column('{ column: Item, values: { on: "yes", 1: null }, default: null }'))
        .files[0]
        .entity("orders")
    )
    columns = {c.name: c for c in orders.columns}
    assert columns["order_id"].column == "No"
    assert columns["kind"].const == "sale"
    assert columns["ordered_at"].timestamp == ("yyyy-MM-dd HH:mm",)
    assert columns["product_name"].values == {"on": "yes", "1": None}
    assert not columns["product_name"].keeps_unlisted


def test_orders_without_a_number_of_the_line_are_hinted_at() -> None:
    (hint,) = hints(load_mapping(ROOT / "conf" / "sources" / "online_retail.yml"))
    assert hint.field == "entities.orders"
    assert "no line_id" in hint.message
    assert hints(load_mapping(ROOT / "conf" / "sources" / "builtin.yml")) == []


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    orders = lamps(tmp_path, column("{ column: Price, scale: 0.10 }")).files[0].entity("orders")
    assert [c.scale for c in orders.columns if c.name == "product_name"] == ["0.10"]


WRONG = {
    "unknown key": (("currency:", "curency:"), 3, "did you mean 'currency'?"),
    "shop name": (("shop: lamps", "shop: My Lamps"), 1, "lower case"),
    "time zone": (("Europe/London", "Europe/Londn"), 2, "did you mean 'Europe/London'?"),
    "currency": (("GBP", "pounds"), 3, "three letters"),
    "unknown format": (("format: csv", "format: xlsx"), 6, "unknown format 'xlsx'"),
    "missing key": (("    format: csv\n", ""), 5, "'format' is missing"),
    "glob": (('"orders*.csv"', '"/data/orders.csv"'), 5, "relative to the shop's data folder"),
    "glob stars": (('"orders*.csv"', '"orders**.csv"'), 5, "stands alone"),
    "encoding": (("format: csv", "format: csv\n    encoding: utf8-x"), 7, "did you mean 'utf-8'?"),
    "no text encoding": (("format: csv", "format: csv\n    encoding: hex"), 7, "unknown encoding"),
    "delimiter": (("format: csv", "format: csv\n    delimiter: ';;'"), 7, "one character"),
    "delimiter of jsonl": (("format: csv", "format: jsonl\n    quote: '!'"), 7, "no meaning"),
    "header twice": (("Qty, Price", "Qty, qty, Price"), 7, "only in case"),
    "header type": (("[No, Item, Qty, Price, At]", "No"), 7, "expected a list"),
    "unknown entity": (("      orders:", "      order:"), 9, "did you mean 'orders'?"),
    "no entity": (("files:\n", "ignore: x\nfiles:\n"), 4, "expected a list"),
    "unknown column": (("order_id:", "orderid:"), 11, "did you mean 'order_id'?"),
    "raw column": (("quantity: Qty", "quantity: Qyt"), 13, "did you mean 'Qty'?"),
    "required column": (("          quantity: Qty\n", ""), 10, "cannot do without 'quantity'"),
    "counted column": (("      orders:", "      products:"), 10, "cannot do without 'name'"),
    "empty column": (("quantity: Qty", "quantity:"), 13, "leave it out"),
    "column and sql": (("quantity: Qty", "quantity: { column: Qty, sql: Qty }"), 13, "and has"),
    "no source": (("quantity: Qty", "quantity: { scale: 1 }"), 13, "has none"),
    "const with more": (("{ const: sale }", "{ const: sale, scale: 1 }"), 15, "as it is"),
    "two readings": (column("{ column: At, scale: 1, timestamp: [yyyy-MM-dd] }"), 14, "exclude"),
    "zone alone": (column("{ column: At, zone: UTC }"), 14, "'zone' goes with"),
    "word": (("const: sale", "const: sold"), 15, "known: sale"),
    "word of values": (("{ const: sale }", "{ column: No, values: { a: sal } }"), 15, "'sale'"),
    "pattern letter": (("yyyy-MM-dd HH:mm", "YYYY-MM-dd HH:mm"), 17, "write 'yyyy'"),
    "pattern months": (("yyyy-MM-dd HH:mm", "yyyy-mm-dd HH:mm"), 17, "'mm' is minutes"),
    "pattern half day": (("yyyy-MM-dd HH:mm", "yyyy-MM-dd hh:mm"), 17, "write 'HH'"),
    "pattern days": (("yyyy-MM-dd HH:mm", "yyyy-MM-DDDD HH:mm"), 17, "'dd'"),
    "pattern type": (('["yyyy-MM-dd HH:mm"]', "yyyy-MM-dd"), 17, "expected a list"),
    "scale": (column("{ column: Price, scale: 1e-6 }"), 14, "no plain factor"),
    "float_id": (column("{ column: Item, float_id: 1 }"), 14, "true or false"),
    "horizon": (("currency: GBP", "currency: GBP\nhorizon_days: 0"), 4, "whole number from 1"),
    "sql brackets": (column('{ sql: "trim(Item" }'), 14, "not a Spark SQL expression"),
    "sql quotes": (column('{ sql: "Item || \'x" }'), 14, "not a Spark SQL expression"),
    "sql column": (column('{ sql: "trim(Itm)" }'), 14, "did you mean 'Item'?"),
    "sql cast": (column('{ sql: "CAST(Qty AS INT)" }'), 14, "write TRY_CAST"),
    "sql number": (column("{ sql: \"if(Qty > 0, 'a', 'b')\" }"), 14, "'Qty' is text"),
    "sql division": (
        column('{ sql: "TRY_CAST(Qty AS INT) / TRY_CAST(Price AS INT)" }'),
        14,
        "zero",
    ),
    "sql clock": (column('{ sql: "now()" }'), 14, "from run to run"),
    "sql random": (column('{ sql: "rand()" }'), 14, "from run to run"),
    "sql aggregate": (column('{ sql: "max(Qty)" }'), 14, "one record only"),
    "where": (("      orders:\n", "      orders:\n        where: Qyt = '1'\n"), 10, "'Qty'"),
    "key twice": (("currency: GBP", "currency: GBP\ncurrency: EUR"), 4, "written twice"),
    "not YAML": (("currency: GBP", "currency: [GBP"), 4, "not valid YAML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_with_its_line_and_remedy(tmp_path: Path, name: str) -> None:
    change, line, told = WRONG[name]
    problems = check_mapping(write(tmp_path, changed(change)))
    assert (line, True) in [(p.line, told in p.message) for p in problems], problems


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, changed(("GBP", "pounds"), ("quantity: Qty", "quantity: Qyt")))
    with pytest.raises(MappingError) as error:
        load_mapping(path)
    assert "2 problems" in str(error.value)
    assert "line 3, currency:" in str(error.value)
    assert "line 13, files[0].entities.orders.columns.quantity:" in str(error.value)
    assert str(path) in str(error.value)


def test_a_path_mapped_twice_is_refused(tmp_path: Path) -> None:
    entry = LAMPS[LAMPS.index("  - path") :]
    problems = check_mapping(write(tmp_path, LAMPS + entry))
    assert ["mapped twice" in p.message for p in problems] == [True]


def test_a_currency_is_needed_somewhere(tmp_path: Path) -> None:
    problems = check_mapping(write(tmp_path, changed(("currency: GBP\n", ""))))
    assert [p.message for p in problems] == ["orders cannot do without 'currency'; map it"]


def test_a_file_that_is_not_utf8_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "lamps.yml"
    path.write_bytes(b"shop: lamps\ntimezone: \xff\n")
    assert [(p.line, p.message) for p in check_mapping(path)] == [
        (2, "not UTF-8; save it as UTF-8")
    ]


def test_an_unknown_shop_is_told_of_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    write(tmp_path / "sources")
    assert check_shop("lamps", tmp_path) == []
    assert "did you mean 'lamps'?" in check_shop("lamp", tmp_path)[0].message


@pytest.mark.parametrize("shop", ["online_retail", "google_store", "dunnhumby", "home_depot"])
def test_our_mappings_are_sound(shop: str) -> None:
    assert check_shop(shop, ROOT / "conf") == []


@pytest.mark.parametrize("entity", ENTITIES)
def test_entities_have_the_columns_of_their_contract(entity: str) -> None:
    contract = yaml.safe_load((ROOT / f"conf/contracts/bronze/{entity}.yml").read_text())
    names = [p["name"] for p in contract["schema"][0]["properties"]]
    assert tuple(n for n in names if not n.startswith("_")) == ENTITIES[entity].columns
