"""A draft parses, and its clauses hold for all rows but those it reports: plain Python, and Spark."""

from __future__ import annotations

import csv
import random
import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplake.contracts.conditions import holds
from shoplake.contracts.draft.draft import Draft, draft_contract
from shoplake.contracts.draft.kinds import MISSING
from shoplake.contracts.draft.source import open_files
from shoplake.contracts.draft.write import yaml_text
from shoplake.contracts.model import Contract, Rule
from shoplake.contracts.parse import load_contract

Rows = list[dict[str, str]]
_MISSING = MISSING | {"na", "-", "--", "?", "unknown", "undefined", "missing", "not available"}
_KINDS = {"not_null": "required"}


def nobody(header: str, values: object) -> None:
    return None


def drafted(folder: Path, rows: Rows, name: str = "silver.drafted") -> tuple[Draft, Contract]:
    path = folder / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    draft = draft_contract(open_files([path]), name, detect=nobody)
    (folder / "draft.yml").write_text(yaml_text(draft), encoding="utf-8")
    return draft, load_contract(folder / "draft.yml")


def value_of(text: str, kind: str, written: str) -> object:
    """The value a cleaned table would hold; None: there is none, or it does not fit the type."""
    text = text.strip()
    if not text or text.lower() in (MISSING if kind == "string" else _MISSING):
        return None
    try:
        if kind.startswith(("int", "bigint", "decimal", "double")):
            return float(text)
        if kind in ("date", "timestamp"):
            if written == "ISO8601":
                return datetime.fromisoformat(text).replace(tzinfo=None)
            return datetime.strptime(text, written)
    except ValueError:
        return None
    return text


def breaks(rule: Rule, value: object) -> bool:
    """Whether a value breaks a rule of one column."""
    if rule.kind == "not_null":
        return value is None
    if value is None:
        return False
    if rule.kind == "range":
        low, high = (None if b is None else bound(b) for b in (rule.minimum, rule.maximum))
        return (low is not None and value < low) or (high is not None and value > high)  # type: ignore[operator]
    if rule.kind == "length":
        return len(str(value)) > int(rule.maximum or 0)
    if rule.kind == "pattern":
        return re.fullmatch(rule.pattern or "", str(value)) is None
    return value not in rule.allowed


def bound(literal: str) -> object:
    quoted = re.search(r"'(.+)'", literal)
    return datetime.fromisoformat(quoted[1]) if quoted else float(literal)


def agrees(rows: Rows, draft: Draft, contract: Contract) -> None:
    """Each rule is broken by as many rows as the draft says."""
    columns = {c.name: c for c in draft.columns}
    for rule in contract.rules:
        if rule.name == "key_unique" or rule.columns[0] not in columns:
            continue
        column = columns[rule.columns[0]]
        kind = contract.column(column.name).type
        values = [value_of(r[column.header], kind, column.kind.format) for r in rows]
        broken = sum(breaks(rule, value) for value in values)
        said = column.outside[_KINDS.get(rule.kind, rule.kind)]
        if rule.kind == "not_null":
            said += column.outside["type"]  # a value that cannot be cast is null for the rule
        assert broken == said, (rule, broken, said)
        assert broken <= 0.002 * len(rows)


def shop(rows: int, dirt: int, seed: int = 1) -> Rows:
    """Order lines, every `dirt`-th of them with something wrong."""
    rng = random.Random(seed)
    made: Rows = []
    for i in range(rows):
        day = f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        made.append(
            {
                "OrderNo": f"A-{100000 + i // 3}",
                "line": str(i % 3 + 1),
                "Qty": str(rng.choice([1, 1, 1, 2, 3, 5, 8, 40])),
                "Unit Price": f"{rng.uniform(0.5, 90):.2f}",
                "status": rng.choice(["open", "paid", "sent"]),
                "ordered_at": f"{day}T{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:00",
                "due": f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/2024",
                "note": rng.choice(["", "gift", f"ring twice {rng.random()}"]),
                "rating": str(rng.randint(1, 5)),
                "zip": f"{rng.randint(0, 99999):05d}",
            }
        )
    wrong = [("Qty", "90000"), ("Unit Price", "free"), ("status", "snet"), ("due", "soon"), ("ordered_at", "1900-01-01T00:00:00"), ("rating", ""), ("zip", "n/a")]  # fmt: skip
    for n, i in enumerate(range(0, rows, dirt)):
        column, value = wrong[n % len(wrong)]
        made[i][column] = value
    return made


def test_clean_and_dirty_values_of_a_shop(tmp_path: Path) -> None:
    rows = shop(12_000, 1_700)
    draft, contract = drafted(tmp_path, rows)
    agrees(rows, draft, contract)
    columns = {c.name: c for c in contract.columns}
    assert {c.name: c.type for c in contract.columns} == {
        "order_no": "string",
        "line": "int",
        "qty": "int",
        "unit_price": "decimal(18,2)",
        "status": "string",
        "ordered_at": "timestamp",
        "due": "date",
        "note": "string",
        "rating": "int",
        "zip": "string",
    }
    assert contract.key == ("order_no", "line")
    assert [c.name for c in contract.columns if not c.required] == ["note"]
    rules = {r.name: r for r in contract.rules}
    assert rules["order_no_pattern"].pattern == r"A\-[0-9]{6}"
    assert rules["status_set"].allowed == ("open", "paid", "sent")
    assert (rules["rating_range"].minimum, rules["rating_range"].maximum) == ("1", "5")
    assert (rules["qty_range"].minimum, rules["qty_range"].maximum) == ("1", "100")
    assert rules["ordered_at_range"].minimum == "TIMESTAMP '2024-01-01'"
    assert rules["zip_pattern"].pattern == "[0-9]{5}"
    assert columns["due"].type == "date"
    text = (tmp_path / "draft.yml").read_text()
    assert "minimum: 1  # 1 to 90,000 seen; 2 of 12,000 rows outside" in text
    assert "physicalType: date  # written as %m/%d/%Y; 1 of 12,000 rows are none" in text


@pytest.mark.slow
def test_spark_counts_what_the_draft_reports(tmp_path: Path, spark: SparkSession) -> None:
    rows = shop(6_000, 900, seed=2)
    draft, contract = drafted(tmp_path, rows)
    headers = {c.name: c.header for c in draft.columns}
    df = spark.createDataFrame([tuple(r.values()) for r in rows], list(rows[0]))
    missing = [*_MISSING, ""]
    cast = df.select(
        *[
            F.when(~F.lower(headers[c.name]).isin(missing), F.to_date(F.lpad(headers[c.name], 10, "0"), "M/d/yyyy") if c.type == "date" else F.col(f"`{headers[c.name]}`")).try_cast(c.type).alias(c.name)
            if c.type != "date"
            else F.try_to_timestamp(F.col(headers[c.name]), F.lit("M/d/yyyy")).cast("date").alias(c.name)
            for c in contract.columns
        ]
    )  # fmt: skip
    row_rules = [r for r in contract.rules if r.kind != "unique"]
    counts = cast.agg(*[F.count_if(~F.expr(holds(r, contract))).alias(r.name) for r in row_rules])
    found = counts.first()
    assert found is not None
    columns = {c.name: c for c in draft.columns}
    for rule in row_rules:
        outside = columns[rule.columns[0]].outside
        said = outside[_KINDS.get(rule.kind, rule.kind)]
        said += outside["type"] if rule.kind == "not_null" else 0
        assert found[rule.name] == said, rule


CELL = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12),
    st.integers(-(10**12), 10**12).map(str),
    st.floats(allow_nan=False, width=32).map(str),
    st.sampled_from(["", " ", "NA", "true", "2024-02-30", "2024-02-28", "12/31/2024", "a@b.de"]),
    st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)).map(lambda d: d.isoformat()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=40), st.integers(1, 30))
def test_any_text_at_all_makes_a_draft_that_parses_and_holds(
    tmp_path: Path, cells: list[tuple[str, str]], times: int
) -> None:
    rows = [{"a": a, "Größe (cm)": b} for a, b in cells] * times
    draft, contract = drafted(tmp_path, rows)
    assert draft.rows == len(rows)
    agrees(rows, draft, contract)


@pytest.mark.parametrize(
    ("pattern", "key", "types"),
    [
        ("online_retail/2010-12-0*.csv.gz", ("row_id",), {"quantity": "int", "invoice_date": "timestamp", "unit_price": "decimal(18,2)"}),
        ("walmart_sales/features.csv.gz", ("store", "date"), {"mark_down1": "decimal(18,2)", "is_holiday": "boolean"}),
        ("dunnhumby/demographics.parquet", ("household_id",), {"household_id": "bigint"}),
        ("google_store/all_sessions.csv.gz", ("visit_id", "product_sku"), {"purchase_date": "date"}),
        ("home_depot/judgements.csv.gz", ("id",), {"relevance": "double"}),
    ],
)  # fmt: skip
def test_real_shops(
    tmp_path: Path, shared_data: Path, pattern: str, key: tuple[str, ...], types: dict[str, str]
) -> None:
    source = open_files(sorted(shared_data.glob(pattern)))
    draft = draft_contract(source, "silver.drafted", detect=nobody)
    path = tmp_path / "draft.yml"
    path.write_text(yaml_text(draft), encoding="utf-8")
    contract = load_contract(path)
    assert contract.key == key
    assert {name: contract.column(name).type for name in types} == types
