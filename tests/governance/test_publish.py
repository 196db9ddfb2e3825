from __future__ import annotations

import dataclasses

import pytest
from delta.exceptions import ConcurrentAppendException
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.model import Column, Contract, Rule
from shoplake.errors import GovernanceError
from shoplake.governance import publish as publishing
from shoplake.governance.publish import publish
from shoplake.governance.run import Run

SCHEMA = "id string, price double, owner string, row_id string"
GOOD = [("a", 1.0, "ann", "r1"), ("b", 2.0, "bob", "r2")]
BAD = [(None, 3.0, "cid", "r3"), ("d", 400.0, "Dan 7", "r4")]


def frame(spark: SparkSession, rows: list[tuple[object, ...]]) -> DataFrame:
    return spark.createDataFrame(rows, SCHEMA)


def put(run: Run, contract: Contract, df: DataFrame, batch: str = "b1", **more: object) -> object:
    return publish(run.lake, run.ledger, df, contract, step="test", batch=batch, inputs={}, **more)  # type: ignore[arg-type]


def test_good_rows_enter_and_held_rows_say_why(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    put(run, items, frame(spark, GOOD + BAD))
    assert sorted(r.id for r in run.lake.read("silver.items").collect()) == ["a", "b"]
    held = {r.row_id: r for r in run.lake.read("governance.quarantine_silver_items").collect()}
    assert [x.rule for x in held["r3"].reasons] == ["id_not_null"]
    assert [x.rule for x in held["r4"].reasons] == ["price_range", "owner_pattern"]


def test_personal_values_are_masked_in_quarantine(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    put(run, items, frame(spark, BAD))
    text = str(run.lake.read("governance.quarantine_silver_items").collect())
    assert "Dan 7" not in text
    assert "400.0" in text


def test_counts_balance_in_the_ledger(run: Run, items: Contract, spark: SparkSession) -> None:
    put(run, items, frame(spark, GOOD + BAD))
    line = run.lake.read("governance.ledger").first()
    assert line is not None
    assert (line.rows_in, line.rows_good, line.rows_quarantined, line.rows_deduplicated) == (
        4,
        2,
        2,
        0,
    )


def test_lost_rows_break_conservation_and_nothing_is_written(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    with pytest.raises(GovernanceError, match="5 rows in, 2 accounted for"):
        put(run, items, frame(spark, GOOD), rows_in=5)
    assert not run.lake.exists("silver.items")


def test_same_batch_again_changes_no_version(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    put(run, items, frame(spark, GOOD))
    before = run.lake.version("silver.items")
    put(run, items, frame(spark, GOOD))
    assert run.lake.version("silver.items") == before


def test_same_rows_in_another_batch_change_no_version(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    put(run, items, frame(spark, GOOD + BAD))
    before = (
        run.lake.version("silver.items"),
        run.lake.version("governance.quarantine_silver_items"),
    )
    put(run, items, frame(spark, GOOD + BAD), batch="b2")
    after = run.lake.version("silver.items"), run.lake.version("governance.quarantine_silver_items")
    assert after == before


@pytest.mark.slow
def test_what_somebody_changed_by_hand_is_noticed_and_made_right(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    put(run, items, frame(spark, GOOD))
    assert run.ledger.digest(items) is not None
    later = Run("test", run.lake, run.contracts)
    assert later.ledger.digest(items) == run.ledger.digest(items)
    run.lake.delta("silver.items").update("id = 'a'", {"price": "9"})
    assert later.ledger.digest(items) is None
    put(later, items, frame(spark, GOOD), batch="b2")
    assert sorted(r.price for r in run.lake.read("silver.items").collect()) == [1.0, 2.0]


def test_next_batch_updates_inserts_and_deletes(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    put(run, items, frame(spark, GOOD))
    put(run, items, frame(spark, [("b", 9.0, "bob", "r2"), ("c", 1.0, "cid", "r5")]), batch="b2")
    rows = sorted((r.id, r.price) for r in run.lake.read("silver.items").collect())
    assert rows == [("b", 9.0), ("c", 1.0)]


@pytest.mark.slow
def test_a_map_is_the_same_whatever_the_order_of_its_entries(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    shares = Column("shares", "map<string,double>")
    table = dataclasses.replace(items, columns=(*items.columns, shares))

    def rows(*told: str) -> DataFrame:
        made = frame(spark, GOOD).join(
            spark.createDataFrame([*zip("ab", told, strict=True)], "id string, told string"), "id"
        )
        return made.selectExpr("*", "from_json(told, 'map<string,double>') AS shares").drop("told")

    put(run, table, rows('{"x": 0.5, "y": 0.25}', "{}"))
    before = run.lake.version("silver.items")
    put(run, table, rows('{"y": 0.25, "x": 0.5}', "{}"), batch="b2")
    assert run.lake.version("silver.items") == before
    put(run, table, rows('{"y": 0.25, "x": 0.5}', '{"x": 1}'), batch="b3")
    found = {r.id: r.shares for r in run.lake.read("silver.items").collect()}
    assert found == {"a": {"x": 0.5, "y": 0.25}, "b": {"x": 1.0}}


@pytest.mark.slow
def test_mended_rows_leave_the_quarantine(run: Run, items: Contract, spark: SparkSession) -> None:
    put(run, items, frame(spark, BAD))
    put(run, items, frame(spark, [("d", 4.0, "dan", "r4")]), batch="b2")
    assert run.lake.read("governance.quarantine_silver_items").count() == 0


def test_a_stopping_rule_writes_nothing(run: Run, items: Contract, spark: SparkSession) -> None:
    strict = Contract(
        **{
            **items.__dict__,
            "rules": (Rule("cheap", "row", ("price",), "stop", condition="price < 2"),),
        }
    )
    with pytest.raises(GovernanceError, match="cheap is broken by 1 row"):
        put(run, strict, frame(spark, GOOD))
    assert not run.lake.exists("silver.items")


def test_a_warning_counts_but_keeps_the_row(run: Run, items: Contract, spark: SparkSession) -> None:
    put(run, items, frame(spark, [("a", 60.0, "ann", "r1")]))
    assert run.lake.read("silver.items").count() == 1
    metric = run.lake.read("governance.rule_metrics").where("rows_broken > 0").first()
    assert metric is not None
    assert (metric.rule, metric.rows_broken) == ("price_high", 1)


def test_failed_casts_are_held_with_the_value_unless_it_is_personal(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    df = spark.createDataFrame(
        [("a", None, None, "r1", [("price", "1o"), ("owner", "ann@example.org")])],
        SCHEMA + ", _cast_failures array<struct<column:string,value:string>>",
    )
    put(run, items, df)
    held = run.lake.read("governance.quarantine_silver_items").first()
    assert held is not None
    assert [tuple(x) for x in held.reasons] == [
        ("price_type", "price", "1o"), ("owner_type", "owner", "***"),
    ]  # fmt: skip
    assert "ann@" not in str(run.lake.read("governance.quarantine_silver_items").collect())


def test_a_row_that_could_not_be_cast_takes_its_key_from_no_other(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    keyed = Contract(**{**items.__dict__, "rules": (Rule("key", "unique", ("id",), "quarantine"),)})
    df = spark.createDataFrame(
        [("a", None, "ann", "r1", [("price", "1o")]), ("a", 1.0, "ann", "r2", [])],
        SCHEMA + ", _cast_failures array<struct<column:string,value:string>>",
    )
    put(run, keyed, df)
    assert [r.row_id for r in run.lake.read("silver.items").collect()] == ["r2"]
    held = run.lake.read("governance.quarantine_silver_items").collect()
    assert [[x.rule for x in r.reasons] for r in held] == [["price_type"]]


def test_a_row_that_is_held_for_itself_takes_its_key_from_no_other(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    df = spark.createDataFrame(
        [("a", -1.0, "ann", "r1"), ("a", 1.0, "ann", "r2"), ("a", 2.0, "ann", "r3")], SCHEMA
    )
    put(run, items, df)
    assert [r.row_id for r in run.lake.read("silver.items").collect()] == ["r2"]
    held = run.lake.read("governance.quarantine_silver_items").collect()
    assert {r.row_id: [x.rule for x in r.reasons] for r in held} == {
        "r1": ["price_range"], "r3": ["key_unique"],
    }  # fmt: skip


def test_duplicates_are_counted_and_not_judged(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    df = spark.createDataFrame(
        [("a", 1.0, "ann", "r1", None), ("a", 1.0, "ann", "r2", "r1")],
        SCHEMA + ", _duplicate_of string",
    )
    counts = put(run, items, df)
    assert (counts.good, counts.quarantined, counts.deduplicated) == (1, 0, 1)  # type: ignore[attr-defined]


def test_the_table_itself_refuses_what_the_contract_forbids(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    put(run, items, frame(spark, GOOD))
    with pytest.raises(Exception, match="price_range"):
        spark.sql(f"INSERT INTO {run.lake.identifier('silver.items')} VALUES ('z', -1, 'z', 'r9')")


def test_a_commit_that_another_writer_came_before_is_tried_again(
    run: Run, items: Contract, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, tries = publishing._publish, []

    def late(*args: object) -> object:
        tries.append(args)
        if len(tries) < 3:
            raise ConcurrentAppendException("Files were added by a concurrent update")
        return once(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(publishing, "_publish", late)
    monkeypatch.setattr("shoplake.runtime.trouble._WAITS", (0.0, 0.0, 0.0))
    put(run, items, frame(spark, GOOD + BAD))
    assert len(tries) == 3
    assert run.lake.read("silver.items").count() == 2
    assert run.lake.read("governance.quarantine_silver_items").count() == 2


def test_a_try_does_not_take_its_own_commit_for_anothers(
    run: Run, items: Contract, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(run, items, frame(spark, GOOD), batch="b0")
    once, tries = publishing._quarantine, []

    def late(*args: object, **named: object) -> object:
        tries.append(args)
        if len(tries) == 1:
            raise ConcurrentAppendException("Files were added by a concurrent update")
        return once(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(publishing, "_quarantine", late)
    monkeypatch.setattr("shoplake.runtime.trouble._WAITS", (0.0, 0.0, 0.0))
    put(run, items, frame(spark, [*GOOD[:1], *BAD]), batch="b1")
    assert len(tries) == 2
    assert run.lake.read("silver.items").count() == 1
    assert run.lake.read("governance.quarantine_silver_items").count() == 2


def test_rows_that_another_process_has_not_told_of_yet_are_not_written_over(
    run: Run, items: Contract, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(run, items, frame(spark, GOOD), batch="b0")

    def late(*_: object) -> object:
        run.lake.delta("silver.items").update("id = 'a'", {"price": "9"})
        raise ConcurrentAppendException("Files were added by a concurrent update")

    monkeypatch.setattr(publishing, "_publish", late)
    monkeypatch.setattr("shoplake.runtime.trouble._WAITS", (0.0, 0.0, 0.0))
    with pytest.raises(GovernanceError, match="another process made the table"):
        put(run, items, frame(spark, GOOD), batch="b1")


def test_rows_that_another_process_made_meanwhile_are_not_written_over(
    run: Run, items: Contract, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = publishing._publish
    put(run, items, frame(spark, GOOD[:1]), batch="b0")
    other = Run("test", run.lake, run.contracts)

    def late(*args: object) -> object:
        with monkeypatch.context() as patch:
            patch.setattr(publishing, "_publish", once)
            put(other, items, frame(spark, GOOD), batch="theirs")
        raise ConcurrentAppendException("Files were added by a concurrent update")

    monkeypatch.setattr(publishing, "_publish", late)
    monkeypatch.setattr("shoplake.runtime.trouble._WAITS", (0.0, 0.0, 0.0))
    with pytest.raises(GovernanceError, match="another process made the table"):
        put(run, items, frame(spark, GOOD[1:]), batch="mine")
    assert sorted(r.id for r in run.lake.read("silver.items").collect()) == ["a", "b"]
