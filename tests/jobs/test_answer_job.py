"""Messages in files and on a topic: each answered once, each person from their own rows."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from notebook_cells import run_cells
from pyspark.sql import SparkSession
from shoplake_jobs.answer import answer, parser

from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.governance.ledger import Ledger
from shoplake.governance.run import Run
from shoplake.runtime.broker import Broker
from shoplake.runtime.kafka import kafka_options
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load
from shoplake.runtime.sql import query
from shoplake.serve.assistant.outbox import Outbox

pytestmark = pytest.mark.slow

ANN, BOB = "a1" * 16, "b2" * 16
AT = "2026-03-01T10:00:00Z"
LINES = (
    "SELECT batch_id, rows_in, rows_good FROM governance.ledger"
    " WHERE table_name = 'gold.answers' AND batch_id LIKE 'lake-%'"
)


def message(number: int, who: str | None, text: str, at: str | None = AT) -> dict[str, Any]:
    return {"id": f"m{number}", "person_key": who, "text": text, "sent_at": at}


MESSAGES = [
    message(1, ANN, "where is my order? My mail is ann@a.example"),
    message(2, BOB, "where is my order?"),
    message(3, BOB, "what is in order 1001?"),
    message(4, None, "how much is the red mug?"),
    message(5, None, "where is order 1001"),
    message(6, "ann", "where is my order?"),
    message(7, ANN, "where is my order?", "yesterday"),
    message(8, ANN, " "),
    message(2, ANN, "where is my order?"),
]


def make_lake(spark: SparkSession, folder: Path) -> Run:
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(folder / "lake")))
    run = Run("answer", lake, load_contracts(conf_dir() / "contracts"))
    run.gate.open()
    at = datetime(2026, 2, 1, 12, tzinfo=UTC)
    rows: dict[str, list[dict[str, Any]]] = {"silver.orders": [], "silver.products": []}
    for number, who in ((1001, ANN), (2002, BOB)):
        rows["silver.orders"].append({
            "order_line_id": f"shop:{number}.1", "order_id": f"shop:{number}", "person_key": who,
            "product_id": "shop:MUG", "shop": "shop", "kind": "sale", "line_kind": "product",
            "quantity": 1, "unit_price": Decimal("4.50"), "currency": "GBP",
            "amount": Decimal("4.50"), "cancelled_quantity": 0, "net_quantity": 1,
            "is_outlier": False, "ordered_at": at, "order_date": at.date(), "row_id": str(number),
        })  # fmt: skip
    rows["silver.products"].append({
        "product_id": "shop:MUG", "valid_from": at, "is_current": True, "shop": "shop",
        "name": "Red Mug", "price": Decimal("4.50"), "currency": "GBP", "kind": "product",
        "text": "red mug", "row_id": "1",
    })  # fmt: skip
    for table, made in rows.items():
        kinds = schema(run.contracts[table])
        frame = spark.createDataFrame([tuple(r.get(f.name) for f in kinds) for r in made], kinds)
        frame.coalesce(1).write.format("delta").save(str(lake.folder(table)))
    return run


@pytest.fixture(scope="module")
def run(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOPLAKE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield make_lake(spark, tmp_path_factory.mktemp("asked"))


def options(*said: str) -> argparse.Namespace:
    return parser().parse_args(said)


@pytest.fixture(scope="module")
def rows(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("messages")
    lines = [json.dumps(m) for m in MESSAGES]
    (folder / "a.jsonl").write_text("\n".join([*lines, "no json"]) + "\n")
    answer(run, options("--messages", str(folder)))
    answer(run, options("--messages", str(folder)))
    return {r.message_id: r for r in run.lake.read("gold.answers").collect()}


def test_each_person_is_answered_from_their_own_rows(rows: dict[str, Any]) -> None:
    assert rows["m1"].citations[0] == "silver.orders[shop:1001]@v0"
    assert rows["m2"].citations[0] == "silver.orders[shop:2002]@v0"
    assert "1001" not in rows["m3"].answer
    assert rows["m3"].handover
    assert "4.50 GBP" in rows["m4"].answer
    assert "sign in" in rows["m5"].answer


def test_the_notebook_shows_what_was_asked_and_handed_over(
    run: Run, rows: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, plots = run_cells("assistant", run.lake.settings.lake, monkeypatch)
    intents, answers, reasons = shown
    assert intents.messages.sum() == len(rows)
    assert rows["m4"].answer in set(answers.answer)
    assert reasons.messages.sum() == sum(r.handover for r in rows.values())
    assert plots == 1


def test_personal_data_of_a_question_is_not_kept(rows: dict[str, Any]) -> None:
    assert "ann@a.example" not in rows["m1"].question
    assert rows["m1"].as_of == datetime(2026, 2, 2)


def test_what_is_not_sound_is_held_and_every_message_counts_once(
    run: Run, rows: dict[str, Any]
) -> None:
    assert set(rows) == {"m1", "m2", "m3", "m4", "m5"}
    held = run.lake.read("governance.quarantine_gold_answers").collect()
    assert len(held) == 4  # a name for a key, no time, no text, no JSON
    ledger = run.lake.read("governance.ledger").where("table_name = 'gold.answers'").collect()
    counts = [(r.rows_in, r.rows_good, r.rows_quarantined, r.rows_deduplicated) for r in ledger]
    assert counts == [(10, 5, 4, 1)]


def test_more_messages_are_added_and_old_answers_stay(
    run: Run, rows: dict[str, Any], tmp_path: Path
) -> None:
    news = [message(1, BOB, "where is my order?"), message(9, BOB, "where is my order?")]
    (tmp_path / "b.jsonl").write_text("\n".join(json.dumps(m) for m in news))
    answer(run, options("--messages", str(tmp_path)))
    now = {r.message_id: r for r in run.lake.read("gold.answers").collect()}
    assert set(now) == {*rows, "m9"}
    assert now["m1"].person_key == ANN


def test_a_dialogue_goes_on_in_another_batch_until_its_answers_are_erased(
    run: Run, rows: dict[str, Any], tmp_path: Path
) -> None:
    def say(number: int, text: str, minute: int) -> Any:
        folder = tmp_path / str(number)
        folder.mkdir()
        sent = message(number, BOB, text, f"2026-03-05T10:{minute:02}:00Z")
        (folder / "a.jsonl").write_text(json.dumps(sent | {"dialogue": "tea"}))
        answer(run, options("--messages", str(folder)))
        (found,) = run.lake.read("gold.answers").where(f"message_id = 'm{number}'").collect()
        return found

    assert say(30, "how much is the red mug?", 0).product_id == "shop:MUG"
    assert "“Red Mug”" in say(31, "how much is it?", 2).answer
    run.lake.delta("gold.answers").delete(f"person_key = '{BOB}' AND dialogue = 'tea'")
    assert say(32, "how much is it?", 3).product_id is None


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_cut_off_batch_of_files_is_finished_though_more_came(
    run: Run, rows: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(message(60, BOB, "where is my order?")))
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            answer(run, options("--messages", str(tmp_path)))
    (tmp_path / "b.jsonl").write_text(json.dumps(message(61, ANN, "where is my order?")))
    answer(Run("answer", run.lake, run.contracts), options("--messages", str(tmp_path)))
    news = run.lake.read("gold.answers").where("message_id IN ('m60', 'm61')").collect()
    assert sorted(r.message_id for r in news) == ["m60", "m61"]
    told = run.lake.read("governance.ledger").where("table_name = 'gold.answers'")
    assert {r.batch for r in news} <= {r.batch_id for r in told.collect()}


def test_messages_of_the_lake_are_answered_once_and_a_cut_off_batch_is_finished(
    spark: SparkSession, run: Run, rows: dict[str, Any]
) -> None:
    kinds = schema(run.contracts["silver.messages"])
    at = datetime(2026, 2, 1, 12, tzinfo=UTC)
    sent = [
        {"message_id": f"shop:{n}", "person_key": who, "shop": "shop", "row_id": str(n),
         "text": "where is my order?", "sent_at": at}
        for n, who in ((1, ANN), (2, BOB))
    ]  # fmt: skip
    frame = spark.createDataFrame([tuple(r.get(f.name) for f in kinds) for r in sent], kinds)
    frame.coalesce(1).write.format("delta").save(str(run.lake.folder("silver.messages")))
    answer(run, options("--shop", "builtin"))
    assert query(run.lake.settings, LINES.replace("lake-%", "lake%")) == []
    answer(run, options())
    lines = query(run.lake.settings, LINES)
    assert [line["rows_good"] for line in lines] == [2]
    # The batch was written, and then the run was killed: its line is missing.
    run.lake.delta("governance.ledger").delete(f"batch_id = '{lines[0]['batch_id']}'")
    answer(Run("answer", run.lake, run.contracts), options())
    assert query(run.lake.settings, LINES) == lines
    news = run.lake.read("gold.answers").where("message_id LIKE 'shop:%'").collect()
    assert {r.message_id: r.citations[0] for r in news} == {
        "shop:1": "silver.orders[shop:1001]@v0",
        "shop:2": "silver.orders[shop:2002]@v0",
    }


def test_a_topic_is_answered_to_a_topic(
    spark: SparkSession, run: Run, tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    broker = Broker(tmp_path_factory.mktemp("kafka"), partitions=1)
    try:
        known = kafka_options(spark, run.lake.settings, broker.servers)
        asked = [
            (json.dumps(message(n, who, "where is my order?")),)
            for n, who in ((20, ANN), (21, BOB))
        ]
        sent = spark.createDataFrame([*asked, ("{",)], "value string")
        sent.write.format("kafka").options(**known, topic="asked").save()
        said = ("--topic", "asked", "--answers", "said", "--kafka", broker.servers, "--once")
        answer(run, options(*said))
        reader = spark.read.format("kafka").options(**known, subscribe="said")
        got = {r.key.decode(): json.loads(r.value) for r in reader.load().collect()}
        # A run ends between the commit of its answers and their sending.
        (tmp_path / "d.jsonl").write_text(json.dumps(message(50, BOB, "where is my order?")))
        said = ("--messages", str(tmp_path), "--answers", "said", "--kafka", broker.servers)
        with monkeypatch.context() as patch:
            patch.setattr(Outbox, "send", killed)
            with pytest.raises(KeyboardInterrupt):
                answer(run, options(*said))
        for _ in range(2):
            answer(Run("answer", run.lake, run.contracts), options(*said))
        late = [r for r in reader.load().collect() if r.key == b"m50"]
    finally:
        broker.stop()
    assert set(got) == {"m20", "m21"}
    assert "1001" in got["m20"]["answer"]
    assert "2002" in got["m21"]["answer"]
    assert got["m20"]["citations"][0] == "silver.orders[shop:1001]@v0"
    assert ["2002" in json.loads(r.value)["answer"] for r in late] == [True]


def test_a_message_that_can_be_answered_is_though_a_broken_one_has_its_id(
    run: Run, rows: dict[str, Any], tmp_path: Path
) -> None:
    held = run.lake.read("governance.quarantine_gold_answers").count()
    sent = [
        message(40, BOB, "where is my order?", "some day"),
        message(40, BOB, "where is my order?"),
    ]
    (tmp_path / "c.jsonl").write_text("\n".join(json.dumps(m) for m in sent))
    answer(run, options("--messages", str(tmp_path)))
    (found,) = run.lake.read("gold.answers").where("message_id = 'm40'").collect()
    assert "2002" in found.answer
    assert run.lake.read("governance.quarantine_gold_answers").count() == held + 1
