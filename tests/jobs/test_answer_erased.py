"""Messages of an erased person do not come back by files or topics; and what answers come from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.governance.erasure.suppress import pseudonym_digest, suppression_key
from shoplake.governance.ledger import append, ensure
from shoplake.governance.lineage.store import edges
from shoplake.governance.run import Run
from shoplake.models.assistant.intents import Understood
from shoplake.models.assistant.settings import load_assistant, load_intents, load_shop_policies
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load
from shoplake.serve.assistant.answering import Assistant
from shoplake.serve.assistant.erased import without_erased
from shoplake.serve.assistant.inbox import Inbox
from shoplake.serve.assistant.lake import Reader
from shoplake.serve.assistant.queue import AnswerQueue, messages

ANN, BOB, NEW = "a1" * 16, "b2" * 16, "c3" * 16
BEFORE, AFTER = "2026-03-01T10:00:00Z", "2026-03-03T10:00:00Z"
ERASED_AT = datetime(2026, 3, 2)


class OrdersOnly:
    """Understands every message as a question for an order; reading is tested elsewhere."""

    def read(self, texts: Sequence[str]) -> Understood:
        many = len(texts)
        return Understood(np.full(many, "track_order", object), np.ones(many), np.ones(many))


def message(name: str, who: str | None, sent: str | None = BEFORE) -> dict[str, Any]:
    return {"id": name, "person_key": who, "text": f"{name}: where is my order?", "sent_at": sent}


def write(folder: Path, name: str, *sent: dict[str, Any]) -> None:
    (folder / name).write_text("\n".join(map(json.dumps, sent)))


def erase_ann(run: Run) -> None:
    """What `shoplake erase` leaves: no row of hers, and a request with digests of id and pseudonym."""
    for table in ("silver.people", "gold.answers", "governance.quarantine_gold_answers"):
        if run.lake.exists(table):
            column = "record" if "quarantine" in table else "person_key"
            run.lake.delta(table).delete(f"{column} LIKE '%{ANN}%'")
    kept = ["d" * 64, pseudonym_digest(ANN, suppression_key(run.lake))]
    row = ("r1", "done", kept, 3, [], "e" * 64, None, ERASED_AT)
    append(run.lake, run.contracts["governance.erasures"], [row])


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Run:
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(tmp_path / "lake")))
    made = Run("answer", lake, load_contracts(conf_dir() / "contracts"))
    made.gate.open()
    people = spark.createDataFrame([(ANN,), (BOB,)], "person_key string").coalesce(1)
    people.write.format("delta").save(str(lake.folder("silver.people")))
    return made


@pytest.fixture
def queue(run: Run) -> AnswerQueue:
    return AnswerQueue(run, inbox(run))


def inbox(run: Run) -> Inbox:
    config = load_assistant()
    assistant = Assistant(
        OrdersOnly(), load_intents(), load_shop_policies(), config, version="0" * 20
    )  # type: ignore[arg-type]
    return Inbox(Reader(run.lake.settings), lambda: (assistant, datetime(2026, 3, 1, tzinfo=UTC)))


def everywhere(run: Run) -> str:
    """All that the table and its quarantine hold."""
    tables = ("gold.answers", "governance.quarantine_gold_answers")
    rows = [r for t in tables if run.lake.exists(t) for r in run.lake.read(t).collect()]
    return " ".join(map(str, rows))


@pytest.mark.slow  # three batches; the tests below are quicker and take its parts
def test_a_folder_that_is_read_again_does_not_bring_an_erased_person_back(
    run: Run, queue: AnswerQueue, tmp_path: Path
) -> None:
    folder = tmp_path / "sent"
    folder.mkdir()
    write(folder, "a.jsonl", message("a1", ANN), message("a2", ANN, "lately"), message("b1", BOB))
    queue.folder(str(folder))
    assert all(said in everywhere(run) for said in (ANN, "a1", "a2", BOB))
    erase_ann(run)
    write(folder, "b.jsonl", message("b2", BOB), message("n1", NEW, AFTER), message("g1", None))
    queue.folder(str(folder))
    told = everywhere(run)
    assert ANN not in told
    assert not any(said in told for said in ("a1: ", "a2: "))
    # Whoever is new since then, and guests, are answered.
    answered = {r.message_id for r in run.lake.read("gold.answers").collect()}
    assert answered == {"b1", "b2", "n1", "g1"}
    assert queue.folder(str(folder)) is None


def test_who_is_new_is_answered_whenever_they_wrote(
    run: Run, queue: AnswerQueue, tmp_path: Path
) -> None:
    folder = tmp_path / "sent"
    folder.mkdir()
    erase_ann(run)
    write(
        folder, "a.jsonl", message("n1", NEW), message("n2", NEW, AFTER), message("a9", ANN, AFTER)
    )
    queue.folder(str(folder))
    answered = {r.message_id for r in run.lake.read("gold.answers").collect()}
    assert answered == {"n1", "n2"}


def test_a_message_that_is_sent_again_is_left_out(spark: SparkSession, run: Run) -> None:
    sent = [message("a1", ANN), message("b1", BOB), message("x1", "ann", None), message("g1", None)]
    values = spark.createDataFrame([(json.dumps(m),) for m in sent], "value string")
    rows = messages(values).collect()
    assert without_erased(run, rows) == rows
    erase_ann(run)
    assert [r["id"] for r in without_erased(run, rows)] == ["b1", "x1", "g1"]


@pytest.mark.slow
def test_lineage_names_the_tables_that_answers_come_from(
    spark: SparkSession, run: Run, queue: AnswerQueue
) -> None:
    at = datetime(2026, 3, 1)
    made: dict[str, dict[str, Any]] = {
        "silver.messages": {"message_id": "m1", "shop": "shop", "text": "where?", "sent_at": at},
        "silver.products": {"product_id": "shop:MUG", "valid_from": at, "is_current": True,
                            "shop": "shop", "name": "Red Mug", "kind": "product", "text": "mug"},
    }  # fmt: skip
    for table, row in made.items():
        kinds = schema(run.contracts[table])
        values = tuple((row | {"row_id": "1"}).get(f.name) for f in kinds)
        rows = spark.createDataFrame([values], kinds).coalesce(1)
        rows.write.format("delta").save(str(run.lake.folder(table)))
    ensure(run.lake, run.contracts["governance.ledger"])
    assert queue.lake(10) == 1
    found = {
        (e.target_column, e.source_table, e.source_column)
        for e in edges(run.lake.settings)
        if e.target_table == "gold.answers"
    }
    assert ("answer", "silver.products", "price") in found
    assert ("question", "silver.messages", "text") in found
    # What is not in this lake was not read; of what the driver holds Spark tells nothing.
    assert {t for _, t, _ in found} - {"unknown"} == {"silver.products", "silver.messages"}
