"""What one person wrote leaves gold.texts, however short; what others wrote as well stays."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.erase.texts import remove_texts
from shoplake.features.texts import texts
from shoplake.governance.erasure.order import Order, Subject
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

ZOE, OLD, BOB = "5eb63bbbe01eeed093cb22bb8f5acdc3", "a" * 32, "b" * 32


@pytest.mark.slow
def test_a_text_goes_with_the_only_person_who_wrote_it(spark: SparkSession, tmp_path: Path) -> None:
    settings = dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))
    run = Run("erase", Lake(spark, settings), load_contracts(conf_dir() / "contracts"))

    def put(table: str, rows: list[tuple[str | None, ...]], columns: str) -> None:
        frame = spark.createDataFrame(rows, columns).coalesce(1)
        frame.write.format("delta").save(str(run.lake.folder(table)))

    put("silver.reviews", [(ZOE, "s", "So so", "My cat hid in it"), (BOB, "s", None, "Thank you!"),
                           (ZOE, "s", None, "Thank you!"), (OLD, "s", None, "Fine")],
        "person_key string, shop string, title string, text string")  # fmt: skip
    put("silver.messages", [(ZOE, "s", "Thank you!"), (None, "s", "Call me"), (ZOE, "s", "Call me")],
        "person_key string, shop string, text string")  # fmt: skip
    put("silver.products", [("s", "My cat hid in it", None)], "shop string, text string, description string")  # fmt: skip
    read = run.lake.read
    written = {n: read(f"silver.{n}") for n in ("products", "reviews", "messages")}
    texts(**written).write.format("delta").save(str(run.lake.folder("gold.texts")))

    subject = Subject((("s", "17850"),), (ZOE, OLD), ())
    order = Order("r1", "2026-01-01T00:00:00+00:00", (), subject)
    assert remove_texts(run, order) == 3
    left = {(r["kind"], r["text"]) for r in read("gold.texts").collect()}
    assert left == {
        ("review", "Thank you!"),
        ("message", "Call me"),
        ("product", "My cat hid in it"),
    }
    assert remove_texts(run, order) == 0
    assert run.lake.version("gold.texts") == 1
