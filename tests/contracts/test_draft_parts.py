"""Types, ranges, sets, patterns, keys and text of a draft, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from shoplake.contracts.draft import keys, sample
from shoplake.contracts.draft.draft import draft_contract
from shoplake.contracts.draft.keys import Tally
from shoplake.contracts.draft.kinds import Kind, kind_of
from shoplake.contracts.draft.names import column_name, is_identifier
from shoplake.contracts.draft.personal import Personal
from shoplake.contracts.draft.ranges import number_range, time_range
from shoplake.contracts.draft.sample import Sample
from shoplake.contracts.draft.shapes import allowed, pattern
from shoplake.contracts.draft.source import Source, open_files
from shoplake.contracts.draft.write import quoted, yaml_text
from shoplake.contracts.parse import parse_contract
from shoplake.errors import SourceError


def kind(name: str, *values: str) -> Kind:
    return kind_of(name, pd.Series(values, dtype=object), np.ones(len(values), int))


@pytest.mark.parametrize(
    ("name", "values", "type_", "note"),
    [
        ("n", ("1", "-20", "+3"), "int", ""),
        ("n", ("1", "4000000000"), "bigint", ""),
        ("customer_id", ("17850.0", "13047.0"), "bigint", "100% write whole numbers with .0"),
        ("visitor_id", ("9.44E+18", "2.82E+18"), "string", "digits are lost"),
        ("sku", ("00123", "12345"), "string", "leading zeros"),
        ("price", ("1.50", "12.9"), "decimal(18,2)", ""),
        ("price", ("1.505", "12.9"), "decimal(18,4)", ""),
        ("weight", ("1.505", "12.9"), "double", ""),
        ("x", ("1e-7", "2.5"), "double", ""),
        ("ok", ("Yes", "no"), "boolean", ""),
        ("d", ("2024-01-31", "2024-02-01"), "date", ""),
        ("d", ("31/01/2024", "01/02/2024"), "date", "written as %d/%m/%Y"),
        ("d", ("01/02/2024", "03/04/2024"), "date", "other way round"),
        ("d", ("2024-01-31 00:00:00", "2024-02-01 00:00:00"), "date", ""),
        ("d", ("2024-01-31T10:00:00Z", "2024-02-01T11:30:00+02:00"), "timestamp", ""),
        ("purchase_date", ("20170625", "20170801"), "date", "written as %Y%m%d"),
        ("number", ("20170625", "20170801"), "int", ""),
        ("start_time", ("1498424366", "1501657013"), "bigint", "seconds since 1970: 2017-06-25"),
        ("n", ("1", "NA", "-"), "int", ""),
        ("d", ("2024-02-30", "2024-02-31"), "string", ""),
        ("t", ("1", "two"), "string", ""),
        ("t", (), "string", ""),
    ],
)
def test_type_of_text(name: str, values: tuple[str, ...], type_: str, note: str) -> None:
    found = kind(name, *values)
    assert found.type == type_
    assert note in found.note


def bounds(name: str, type_: str, values: dict[float, int]) -> tuple[Any, Any]:
    found = number_range(
        name, Kind(type_), pd.Series(list(values)), np.array(list(values.values()))
    )
    return (found.minimum, found.maximum) if found else (None, None)


@pytest.mark.parametrize(
    ("name", "type_", "values", "expected"),
    [
        ("qty", "int", {1: 500, 7: 20, 60: 1}, (1, 100)),
        ("stock", "int", {0: 5, 7: 20, 60: 1}, (0, 100)),
        ("qty", "int", {1: 50_000, 900: 50_000, 80_995: 2, -80_995: 2}, (0, 2000)),
        ("qty", "int", {-30: 50, 900: 50_000, 80_995: 2}, (-50, 2000)),
        ("price", "decimal(18,2)", {0.5: 9, 649.5: 1}, (0, 1000)),
        ("rating", "int", {1: 5, 2: 9, 3: 9, 4: 20, 5: 9}, (1, 5)),
        ("relevance", "double", {1: 5, 1.33: 9, 1.67: 9, 2: 20, 2.33: 9, 3: 7}, (1, 3)),
        ("clicked", "int", {0: 5, 1: 9}, (0, 1)),
        ("month", "int", {2: 5, 11: 9}, (1, 12)),
        ("lat", "double", {-33.9: 5, 51.5: 9}, (-90, 90)),
        ("year", "int", {1998: 5, 2012: 9}, (1990, 2100)),
        ("score", "double", {0.1: 5, 0.93: 9}, (0, 1)),
        ("product_id", "bigint", {17: 5, 99_999: 9}, (0, None)),
        ("item", "int", {3: 1}, (0, 10)),
    ],
)  # fmt: skip
def test_range_is_round_and_not_stretched(
    name: str, type_: str, values: dict[float, int], expected: tuple[Any, Any]
) -> None:
    assert bounds(name, type_, values) == expected


def test_times_begin_with_a_year_and_leave_placeholders_out() -> None:
    days = pd.Series(pd.to_datetime(["1900-01-01", "2019-05-07", "2023-02-01"]))
    found = time_range(days, np.array([1, 9_000, 9_000]))
    assert found is not None
    assert (found.minimum, found.maximum) == ("2019-01-01", "2100-01-01")


def test_a_set_needs_few_values_that_come_again_and_again() -> None:
    def closed(values: dict[str, int]) -> object:
        return allowed(pd.Series(list(values)), np.array(list(values.values())))

    assert closed({"b": 30, "a": 40}) == (["a", "b"], 0)
    assert closed({"b": 3, "a": 4}) is None, "too few rows speak for it"
    assert closed({f"v{i}": 90 for i in range(21)}) is None, "too many values"
    assert closed({"a": 40, "b": 39, **{f"v{i}": 1 for i in range(9)}}) is None, "new ones come"
    assert closed({"a": 30_000, "b": 10_000, "typo": 1}) == (["a", "b"], 1)


@pytest.mark.parametrize(
    ("values", "regex", "form"),
    [
        (["536365", "C536379", "536366"], "[0-9]{6}|C[0-9]{6}", "fixed shape"),
        (["GGOEA", "GGOEB", "GGOEC"], "[A-Z]{5}", "fixed shape"),
        (["AB-1", "CD-22", "EF-333"], r"[A-Z]{2}\-[0-9]{1,4}", "fixed shape"),
        (["a@b.de", "c.d@e.org"], r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", "e-mail address"),
        (["https://a.b/c", "http://d"], r"https?://\S+", "web address"),
        (["0f" * 16, "a1" * 16], "[0-9a-f]{32}", "128 bits as hex digits"),
        (["two words", "and three more"], None, None),
        (["x", "yy-y", "Z9z", "9.9", "q/q", "R_r", "1a1"], None, None),
    ],
)
def test_pattern(values: list[str], regex: str | None, form: str | None) -> None:
    found = pattern(pd.Series(values), np.ones(len(values), int))
    assert found == (None if regex is None else (regex, form))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("InvoiceNo", "invoice_no"),
        ("Class ID (int)", "class_id_int"),
        ("v2ProductName", "v2_product_name"),
        ("MarkDown1", "mark_down1"),
        ("2nd", "column_2_nd"),
        ("价格", "价格"),
        ("%", "column"),
        ("taken", "taken_2"),
    ],
)
def test_names(header: str, name: str) -> None:
    assert column_name(header, {"taken"}) == name


def test_identifiers_by_name() -> None:
    found = [n for n in ("CustomerID", "item_id:token", "StockCode", "paid", "valid", "idea", "Class ID (int)") if is_identifier(n)]  # fmt: skip
    assert found == ["CustomerID", "item_id:token", "StockCode", "Class ID (int)"]


def source(**columns: list[Any]) -> Source:
    table = pa.table({n: pa.array(v, pa.string()) for n, v in columns.items()})
    size = max(1, table.num_rows // 7)
    return Source(
        "data", "data", lambda: (table.slice(i, size) for i in range(0, table.num_rows, size))
    )


def nobody(header: str, values: object) -> None:
    return None


def test_key_is_the_fewest_columns_and_copies_do_not_count_against_it() -> None:
    n = 900
    lines = [str(i % 3) for i in range(n)]
    orders = [f"o{i // 3}" for i in range(n)]
    amounts = [f"{i}.5" for i in range(n)]
    draft = draft_contract(
        source(
            amount=[*amounts, *amounts[:50]], line=[*lines, *lines[:50]], order_id=[*orders, *orders[:50]]
        ),
        "silver.x",
        detect=nobody,
    )  # fmt: skip
    assert draft.key == ("line", "order_id")
    assert draft.repeats == 50
    assert draft.key_note == "no row repeats it"


def test_without_a_key_the_draft_says_what_comes_nearest() -> None:
    amounts = [f"{i}.5" for i in range(400)]
    data = source(shop_id=["a", "b"] * 200, amount=amounts)
    draft = draft_contract(data, "silver.x", detect=nobody)
    assert draft.key == ()
    assert "best seen: (shop_id)" in draft.key_note
    text = yaml.safe_load(yaml_text(draft))
    assert text["schema"][0]["properties"][0]["name"] == "row_id"


def test_large_tables_are_tallied_on_some_keys_with_all_their_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys, "_KEPT", 1000)
    hashes = np.random.default_rng(5).integers(0, 2**63, 40_000).astype(np.uint64)
    hashes[20_000:24_000] = hashes[:4_000]
    rows = np.arange(40_000, dtype=np.uint64)
    tally = Tally(("a",))
    for start in range(0, 40_000, 3_000):
        tally.count(hashes[start : start + 3_000], rows[start : start + 3_000])
    assert tally.one_in >= 32
    _, others = tally.repeated
    assert 2_500 < others < 5_500  # 4,000 repeats, of which about 100 were looked at


def test_sample_is_uniform_over_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "SIZE", 2_000)
    pieces = (
        pa.table({"n": [str(i) for i in range(at, at + 997)]}) for at in range(0, 39_880, 997)
    )
    drawn = Sample(pieces)
    assert (drawn.total, drawn.rows.num_rows) == (39_880, 2_000)
    numbers = drawn.rows["n"].to_pandas().astype(int)
    assert numbers.is_unique
    assert abs(numbers.mean() - 19_940) < 5 * 11_512 / 2_000**0.5  # five standard errors


def test_personal_data_comes_from_the_detector_it_is_given() -> None:
    def detect(header: str, values: Any) -> Personal | None:
        return Personal("shoe size", "says so") if header == "size" and "44" in values else None

    text = yaml_text(
        draft_contract(source(id=["1", "2"], size=["44", "45"]), "silver.x", detect=detect)
    )
    assert "classification: personal  # shoe size: says so" in text
    assert text.count("classification:") == 1


def test_no_value_of_a_personal_column_is_written_into_the_draft() -> None:
    phones, born = ["2019308241", "9892203873"], ["1941-03-05", "1999-12-31"]
    text = yaml_text(
        draft_contract(
            source(phone=phones, born=born),
            "silver.x",
            detect=lambda *_: Personal("personal", "its name"),
        )
    )
    digits = text.replace(",", "")
    assert not any(value in digits for value in (*phones, *born))
    assert "minimum: 0" in text
    assert "minimum: '1940-01-01'" in text


@pytest.mark.parametrize("text", ["yes", "null", "1", "a: b", "it's", "#", "tab\t", "\ufeff价", " x", "- a", "\u2028", "\x85\x7f", "a\\b", '"'])  # fmt: skip
def test_quoting_is_undone_by_a_reader(text: str) -> None:
    assert yaml.safe_load(f"k: {quoted(text)}  # comment") == {"k": text}


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_files_are_read_whatever_their_dress(tmp_path: Path) -> None:
    tables = {
        "bom.csv": "\ufeffid,name\r\n1,Zoë\r\n2,\r\n".encode(),
        "latin.csv": "id,name\n1,Zoë\n2,\n".encode("latin-1"),
        "mac.csv": "id,name\r1,Zoë\r2,\r".encode(),
        "semi.csv": "id;name\n1;Zoë\n2;\n".encode(),
        "tab.tsv": "id\tname\n1\tZoë\n2\t\n".encode(),
        "ragged.csv": "id,name\n1,Zoë\n2,\n3,too,many\n".encode(),
        "rows.jsonl": '{"id": 1, "name": "Zoë"}\n\n{"id": 2, "name": null}\n'.encode(),
    }
    expected = [{"id": "1", "name": "Zoë"}, {"id": "2", "name": None}]
    for name, data in tables.items():
        pieces = list(open_files([write(tmp_path / name, data)]).pieces())
        assert [row for piece in pieces for row in piece.to_pylist()] == expected, name


def test_parquet_types_are_kept_and_nested_ones_too(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "at": pa.array([0, 1_700_000_000_000_000], pa.timestamp("us", "UTC")),
            "tags": pa.array([["a"], []], pa.list_(pa.string())),
            "price": pa.array(["1.50", "2.25"]).cast(pa.decimal128(9, 2)),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    draft = draft_contract(open_files([tmp_path / "t.parquet"]), "silver.t", detect=nobody)
    assert [c.kind.type for c in draft.columns] == ["bigint", "timestamp", "array<string>", "decimal(9,2)"]  # fmt: skip
    (tmp_path / "t.yml").write_text(yaml_text(draft))
    assert parse_contract(tmp_path / "t.yml")[1] == []


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": b"x,y\n1,2\n", "b.csv": b"x,z\n1,2\n"}, "columns are not those of a.csv"),
        ({"a.csv": b""}, "empty"),
        ({"a.csv": b"x,y\n"}, "no rows"),
        ({"a.jsonl": b'{"a": 1}\n{"a": \n'}, "a.jsonl:2"),
        ({"a.jsonl": b"[1]\n"}, "holds no object"),
        ({"a.xyz": b"1"}, "cannot tell what kind"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    paths = [write(tmp_path / name, data) for name, data in files.items()]
    with pytest.raises(SourceError, match=message):
        draft_contract(open_files(paths), "silver.x", detect=nobody)


def test_first_rows_only() -> None:
    draft = draft_contract(
        source(n=[str(i) for i in range(100)]), "silver.x", detect=nobody, rows=30
    )
    assert draft.rows == 30
    assert draft.columns[0].rows == 30


@pytest.mark.parametrize("least", ["5.960464477539063e-08", "2e-13", "2.5", "4e300"])
def test_bounds_of_any_size_are_numbers_and_hold_the_values(tmp_path: Path, least: str) -> None:
    draft = draft_contract(source(x=[least, "0.5", "0.25"]), "silver.x", detect=nobody)
    only = draft_contract(source(x=[least, "-0.0"]), "silver.x", detect=nobody)
    for made in (draft, only):
        (tmp_path / "t.yml").write_text(yaml_text(made))
        assert parse_contract(tmp_path / "t.yml")[1] == []
        bounds = made.columns[0].range
        assert bounds is not None
        assert bounds.maximum >= float(least)
