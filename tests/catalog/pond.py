"""A very small lake, written without Spark, with hostile names, personal values and a model."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

HOSTILE = '<script>alert("owned")</script>'
#: Values that tell who somebody is; no file of a site may contain one.
SECRETS = {
    "name": "Wilhelmina Brandywine",
    "email": "wilhelmina@example.org",
    "person_key": "0123456789abcdef0123456789abcdef",
    "order_id": "pond:order-778899",
    "row_id": "feedfacefeedfacefeedfacefeedface",
    "card": "4111111111111111",
}
OLD, NEW = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)

_CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: pond.{layer}.{name}
name: {name}
version: 1.2.0
status: active
{more}
schema:
  - name: {name}
    physicalName: {layer}.{name}
    physicalType: table
    description: '{description}'
    dataGranularityDescription: one row per {grain}
    properties:
{columns}
{quality}
"""
_COLUMN = """
      - name: {name}
        description: '{description}'
        physicalType: {type}
        classification: {kind}
"""
_KEY = "        required: true\n        primaryKey: true\n"
_ORDERS_QUALITY = """
    quality:
      - name: amount_positive
        description: nothing is free
        type: custom
        engine: shoplake
        implementation: 'amount > 0'
      - name: enough_rows
        type: custom
        engine: shoplake
        implementation: {aggregate: row_count, minimum: 2}
slaProperties:
  - {property: freshness, value: 2, unit: d, element: orders.ordered_at}
"""
_POLICIES = """
persons: [person_key]
records: [order_id, row_id]
roles:
  admin: {description: Answers for it., read: [bronze, silver, gold, governance], classes: {personal: show, pseudonym: show, internal: show, public: show}}
  analyst: {description: Counts., read: [silver, gold], classes: {internal: show, pseudonym: hash}, smallest_group: 10}
  public: {description: Anybody., read: [silver.products], classes: {public: show}}
"""
_CARD = """
title: Pond recommender
summary: Ranks ducks.
intended_use: [Lists of ducks.]
not_for: [Geese.]
limits: [It knows no swans.]
people: [It keeps nobody.]
"""


def write_conf(folder: Path) -> Path:
    def contract(
        table: str, description: str, grain: str, columns: str, more: str = "", quality: str = ""
    ) -> None:
        layer, name = table.split(".")
        path = folder / "contracts" / layer / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        more = more or "team: {members: [{username: pond-keepers, role: owner}]}"
        text = {"layer": layer, "name": name, "description": description, "grain": grain}
        path.write_text(_CONTRACT.format(**text, columns=columns, more=more, quality=quality))

    def column(
        name: str, type_: str, kind: str = "internal", said: str = "", key: bool = False
    ) -> str:
        return _COLUMN.format(name=name, type=type_, kind=kind, description=said) + _KEY * key

    people = column("person_id", "string", "personal", key=True) + column(
        "name", "string", "personal"
    )
    contract("bronze.people", "People as sent.", "person", people)
    orders = (
        column("order_id", "string", said="The `order`.", key=True)
        + column("person_key", "string", "pseudonym", "Keyed pseudonym.")
        + column("amount", "double", said="In euros.")
        + column("note", "string", said="What they wrote.")
        + column("ordered_at", "timestamp")
        + column("row_id", "string")
    )
    team = "team:\n  - {name: Ada Lovelace, role: owner}\n  - {name: Bob Tarn, role: steward}\nsupport:\n  - {channel: orders-help, url: 'https://example.org/help'}\ndomain: sales"
    contract("silver.orders", "Orders, cleaned.", "order", orders, team, _ORDERS_QUALITY)
    products = column("product_id", "string", "public", key=True) + column(
        "product_name", "string", "public", HOSTILE
    )
    contract("silver.products", f"Products {HOSTILE}", "product", products)
    (folder / "policies.yml").write_text(_POLICIES)
    (folder / "cards").mkdir()
    (folder / "cards" / "duck.yml").write_text(_CARD)
    return folder


def write_lake(folder: Path) -> Path:
    def table(name: str, rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> None:
        path = folder.joinpath(*name.split("."))
        write_deltalake(str(path), pa.Table.from_pylist(rows, schema), mode="append")

    orders = {
        "order_id": "pond:1",
        "person_key": SECRETS["person_key"],
        "amount": 3.0,
        "note": "quick",
        "ordered_at": OLD,
        "row_id": "r1",
    }
    table("bronze.people", [{"person_id": SECRETS["email"], "name": SECRETS["name"]}])
    table(
        "silver.orders",
        [orders, {**orders, "order_id": "pond:2"}, {**orders, "order_id": "pond:3"}],
    )
    table("silver.products", [{"product_id": "p1", "product_name": HOSTILE}])
    table("gold.drafts", [{"draft": "x"}])
    table("governance.ledger", _ledger(), _LEDGER)
    table("governance.rule_metrics", _rule_metrics())
    table("governance.quarantine_silver_orders", _orders_held(), _QUARANTINE)
    table("governance.quarantine_silver_products", _products_held(), _QUARANTINE)
    table("governance.lineage", _lineage())
    table("governance.column_metrics", _column_metrics())
    table("governance.model_metrics", _model_metrics())
    table(
        "governance.model_data",
        [
            {
                "model_name": "duck",
                "model_version": v,
                "table_name": "silver.orders",
                "table_version": 0,
                "contract_version": "1.2.0",
                "split": "by time",
                "git_revision": "abc123",
            }
            for v in ("1", "2")
        ],
    )
    decision = {"model_name": "duck", "model_version": "2", "as_of": OLD}
    table(
        "governance.model_decisions",
        [
            {**decision, "stage": "trigger", "decision": "train", "reason": "it is long ago"},
            {**decision, "stage": "offline", "decision": "canary", "reason": "not worse"},
            {**decision, "stage": "baselines", "decision": "hold", "reason": "beats swans"},
        ],
    )
    write_registry(folder / "models" / "mlflow.db")
    return folder


def write_registry(path: Path) -> None:
    """The tables of MLflow that the catalogue reads; test_catalog_registry.py has real ones."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "CREATE TABLE model_versions (name, version, creation_time, description, run_id, current_stage)"
        )
        db.execute("CREATE TABLE registered_model_aliases (name, version, alias)")
        db.execute("CREATE TABLE model_version_tags (name, version, key, value)")
        db.execute("CREATE TABLE params (run_uuid, key, value)")
        db.execute("CREATE TABLE metrics (run_uuid, key, value, step)")
        for version in (1, 2):
            db.execute(
                "INSERT INTO model_versions VALUES ('duck', ?, 1795519711153, NULL, ?, 'None')",
                (version, f"run{version}"),
            )
            db.execute("INSERT INTO params VALUES (?, 'learning_rate', '0.1')", (f"run{version}",))
            for step in range(5):
                db.execute(
                    "INSERT INTO metrics VALUES (?, 'train_loss', ?, ?)",
                    (f"run{version}", 5.0 - step, step),
                )
        db.execute("INSERT INTO registered_model_aliases VALUES ('duck', 2, 'champion')")
        db.execute(
            "INSERT INTO model_version_tags VALUES ('duck', 2, 'shoplake.verdict', ?)",
            (f"beats all {HOSTILE}",),
        )
        db.execute("INSERT INTO model_version_tags VALUES ('duck', 1, 'shoplake.erased', 'e-42')")
        for name, said in (("epsilon", "4.800"), ("delta", "1e-05"), ("accountant", "RDP")):
            db.execute(
                "INSERT INTO model_version_tags VALUES ('duck', 2, ?, ?)",
                (f"shoplake.{name}", said),
            )


_REASONS = pa.list_(pa.struct([(c, pa.string()) for c in ("rule", "column", "value")]))
_QUARANTINE = pa.schema(
    [
        ("row_id", pa.string()),
        ("batch_id", pa.string()),
        ("reasons", _REASONS),
        ("record", pa.string()),
    ]
)


def _orders_held() -> list[dict[str, Any]]:
    free = {
        "order_id": SECRETS["order_id"],
        "person_key": SECRETS["person_key"],
        "amount": "0.0",
        "note": f"ask {SECRETS['email']} today",
        "ordered_at": "2026-11-01 10:00:00",
        "row_id": SECRETS["row_id"],
    }
    cast = {
        **free,
        "amount": None,
        "note": "a very long and harmless remark about ponds",
        "unheard_of": SECRETS["name"],
    }
    return [
        {
            "row_id": SECRETS["row_id"],
            "batch_id": "b2",
            "reasons": [
                {"rule": "amount_positive", "column": "amount", "value": "0.0"},
                {"rule": "person_rule", "column": "person_key", "value": SECRETS["person_key"]},
            ],
            "record": json.dumps(free),
        },
        {
            "row_id": "r2",
            "batch_id": "b2",
            "reasons": [{"rule": "amount_type", "column": "amount", "value": SECRETS["card"]}],
            "record": json.dumps(cast),
        },
    ]


def _products_held() -> list[dict[str, Any]]:
    record = {"product_id": "p2", "product_name": HOSTILE}
    return [
        {
            "row_id": "p2",
            "batch_id": "b1",
            "reasons": [{"rule": HOSTILE, "column": "product_name", "value": HOSTILE}],
            "record": json.dumps(record),
        }
    ]


_LEDGER = pa.schema(
    [(c, pa.string()) for c in ("run_id", "step", "table_name", "batch_id", "contract_version")]
    + [("inputs", pa.map_(pa.string(), pa.int64()))]
    + [(f"rows_{c}", pa.int64()) for c in ("in", "good", "quarantined", "deduplicated")]
    + [("table_version", pa.int64())]
    + [(c, pa.timestamp("us", "UTC")) for c in ("started_at", "finished_at")]
)


def _ledger() -> list[dict[str, Any]]:
    def line(
        table: str,
        batch: str,
        step: str,
        at: datetime,
        counts: tuple[int, ...],
        inputs: dict[str, int],
    ) -> dict[str, Any]:
        rows = dict(
            zip(
                ("rows_in", "rows_good", "rows_quarantined", "rows_deduplicated"),
                counts,
                strict=True,
            )
        )
        return {
            "run_id": f"run-{batch}",
            "step": step,
            "table_name": table,
            "batch_id": batch,
            "inputs": list(inputs.items()),
            "contract_version": "1.2.0 f",
            **rows,
            "table_version": 0,
            "started_at": at,
            "finished_at": at,
        }

    return [
        line("bronze.people", "b0", "ingest", OLD, (1, 1, 0, 0), {}),
        line("silver.orders", "b1", "refine", OLD, (3, 3, 0, 0), {"bronze.people": 0}),
        line("silver.orders", "b2", "refine", NEW, (6, 3, 2, 1), {"bronze.people": 1}),
        line("silver.products", "b3", "refine", NEW, (2, 1, 1, 0), {"bronze.people": 1}),
    ]


def _rule_metrics() -> list[dict[str, Any]]:
    """b1 as the first release recorded it, only what was broken; b2 whole."""

    def row(
        batch: str, rule: str, broken: int, value: float | None = None, minimum: float | None = None
    ) -> dict[str, Any]:
        at = OLD if batch == "b1" else NEW
        return {
            "table_name": "silver.orders",
            "batch_id": batch,
            "rule": rule,
            "kind": "row",
            "on_breach": "quarantine",
            "rows_judged": 5,
            "rows_broken": broken,
            "finished_at": at,
            "value": value,
            "minimum": minimum,
            "maximum": None,
        }

    return [
        row("b1", "amount_positive", 1),
        row("b2", "amount_positive", 2),
        row("b2", "order_id_not_null", 0),
        row("b2", "enough_rows", 1, 1.0, 2.0),
    ]


def _lineage() -> list[dict[str, Any]]:
    def edge(
        target: str, column: str | None, source: str, from_: str | None, kind: str = "direct"
    ) -> dict[str, Any]:
        return {
            "job": f"job.{target}",
            "target_table": target,
            "target_column": column,
            "source_table": source,
            "source_column": from_,
            "kind": kind,
            "transformation": "identity, masked" if kind == "direct" else "filter",
            "recorded_at": NEW,
        }

    return [
        edge("bronze.people", "name", "files:pond/people*.csv", "name"),
        edge("silver.orders", "person_key", "bronze.people", "person_id"),
        edge("silver.orders", None, "bronze.people", "name", "indirect"),
        edge("silver.products", "product_name", "unknown", None, "unknown"),
        edge("model:duck/1", None, "silver.orders", None),
        edge("model:duck/2", None, "silver.orders", None),
        edge("gold.drafts", None, "silver.orders", "amount", "indirect"),
    ]


def _column_metrics() -> list[dict[str, Any]]:
    def row(
        column: str,
        at: datetime,
        nulls: int,
        low: float | None,
        high: float | None,
        scope: str = "",
    ) -> dict[str, Any]:
        return {
            "table_name": "silver.orders",
            "batch_id": "b",
            "column_name": column,
            "scope": scope,
            "rows_seen": 4,
            "nulls": nulls,
            "low": low,
            "high": high,
            "total": 12.5,
            "finished_at": at,
        }

    return [
        row("amount", OLD, 3, -7.0, 77.0),
        row("amount", NEW, 1, 2.5, 9.25),
        row("amount", NEW, 0, 888.0, 888.0, "amount > 5"),
        row("person_key", NEW, 0, 31337.0, 31337.0),
        row("ordered_at", NEW, 0, OLD.timestamp(), NEW.timestamp()),
    ]


def _model_metrics() -> list[dict[str, Any]]:
    return [
        {
            "model_name": "duck",
            "model_version": "2",
            "task": task,
            "metric": "ndcg@10",
            "scorer": scorer,
            "value": value,
            "low": value - 0.01,
            "high": value + 0.01,
            "people": people,
            "protocol": "cut 2026-10-01, full catalogue",
        }
        for task, people, scorer, value in (
            ("new", 1200, "popularity", 0.123),
            ("new", 1200, "duck", 0.234),
            ("new | platform: app", 40, "popularity", 0.2),
            ("new | platform: app", 40, "duck", 0.3),
        )
    ]
