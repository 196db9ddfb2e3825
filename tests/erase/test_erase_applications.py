"""An erasure reaches what the applications made: audiences, ad scores and answers."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.erase.person import erase
from shoplake.governance.run import Run
from shoplake.refine.pseudonym import Secret, pseudonym
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load
from shoplake.serve.assistant.erased import without_erased

NOW = datetime(2026, 1, 5, tzinfo=UTC)
KEY = "a key that only this test knows, for erasing"
TABLES: dict[str, dict[str, Any]] = {
    "gold.audiences": {"audience": "mugs", "as_of": NOW, "rank": 1, "similarity": 0.5,
                       "is_seed": True, "model": "svd"},
    "gold.ad_scores": {"audience": "mugs", "as_of": NOW, "product_id": "shop:1", "rank": 1,
                       "click_probability": 0.5, "purchase_probability": 0.1, "value": 1.0,
                       "bid": 0.1, "expected_cost": 0.1, "model": "trees"},
    "gold.answers": {"shop": "shop", "question": "where is my order?", "answer": "on its way"},
}  # fmt: skip


@pytest.mark.slow
def test_nothing_of_the_person_is_left_and_everything_of_others(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", KEY)
    settings = dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))
    run = Run("erase", Lake(spark, settings), load_contracts(conf_dir() / "contracts"))
    run.gate.open()
    keys = {name: pseudonym(f"shop:{name}", Secret(KEY)) for name in ("zoe-17850", "bob-17851")}

    def put(table: str, rows: list[dict[str, Any]]) -> None:
        kinds = schema(run.contracts[table])
        values = [tuple(row.get(f.name) for f in kinds) for row in rows]
        loose = type(kinds)([optional(f) for f in kinds])
        frame = spark.createDataFrame(values, loose).coalesce(1)
        frame.write.format("delta").save(str(run.lake.folder(table)))

    def optional(field: Any) -> Any:
        return type(field)(field.name, field.dataType, True)

    # Another shop has a customer of the same id, so the id alone tells nobody.
    people = [("shop", "zoe-17850"), ("shop", "bob-17851"), ("elsewhere", "zoe-17850")]
    put("bronze.people", [
        {"_row_id": f"{shop}-{i}", "_source": shop, "_file": "p.csv", "_row": i, "_ingested_at": NOW,
         "_run_id": "r", "_raw": json.dumps({"person_id": name}), "person_id": name}
        for i, (shop, name) in enumerate(people)
    ])  # fmt: skip
    for table, values in TABLES.items():
        put(table, [
            {**values, "person_key": key, "message_id": f"m-{i}", "answer_id": f"m-{i}"}
            for i, key in enumerate(keys.values())
        ])  # fmt: skip
    found, certificate = erase(run, "shop:zoe-17850")
    assert found.is_clean
    assert certificate is not None
    left = run.lake.rows("bronze.people", ("_source", "person_id"))
    assert sorted(tuple(row.values()) for row in left) == sorted(people[1:])
    sent = [{"person_key": key} for key in keys.values()]
    assert without_erased(run, sent) == sent[1:], "a message that is sent again is not answered"
    for table in TABLES:
        left = [row["person_key"] for row in run.lake.rows(table, ("person_key",))]
        assert left == [keys["bob-17851"]], table
