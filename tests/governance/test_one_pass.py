"""However many rules, the same jobs; counted while written or before, the same outcome."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.model import Column, Contract, Rule
from shoplake.errors import GovernanceError
from shoplake.governance.publish import publish
from shoplake.governance.run import Run

COLUMNS = (
    Column("id", "string", True, 1),
    Column("price", "double"),
    Column("owner", "string", classification="personal"),
)
SCHEMA = "id string, price double, owner string"


def contract(*rules: Rule, rows: int = 0, append: bool = True) -> Contract:
    """An append-only table with these rules and `rows` more row rules."""
    more = [
        Rule(f"price_{i}", "row", ("price",), condition=f"price < {1000 + i}") for i in range(rows)
    ]
    return Contract("silver.things", "1.0.0", "", "", COLUMNS, (*rules, *more), append_only=append)


def put(run: Run, to: Contract, df: DataFrame, batch: str = "b1", **more: Any) -> Any:
    return publish(run.lake, run.ledger, df, to, step="test", batch=batch, inputs={}, **more)


@pytest.fixture
def things(spark: SparkSession, tmp_path: Path) -> DataFrame:
    """Files of 100 rows; every tenth price is too high, every fifth owner unknown."""
    rows = [
        (f"i{i}", 5000.0 if i % 10 == 0 else float(i), None if i % 5 == 0 else f"o{i}")
        for i in range(100)
    ]
    spark.createDataFrame(rows, SCHEMA).repartition(3).write.parquet(f"{tmp_path}/things")
    return spark.read.schema(SCHEMA).parquet(f"{tmp_path}/things")


def outcomes(run: Run) -> dict[str, tuple[Any, ...]]:
    lines = run.lake.read("governance.rule_metrics").collect()
    return {r.rule: (r.rows_judged, r.rows_broken, r.value) for r in lines}


def jobs_of(spark: SparkSession, action: Any) -> int:
    """Spark jobs that `action` starts."""
    store = spark.sparkContext._jsc.sc().statusStore()  # type: ignore[union-attr]

    def last() -> int:
        spark._jvm.java.lang.Thread.sleep(500)  # type: ignore[union-attr]
        jobs = store.jobsList(None)
        return max((jobs.apply(i).jobId() for i in range(jobs.size())), default=-1)

    before = last()
    action()
    return last() - before


@pytest.fixture
def runs(run: Run, tmp_path: Path) -> Iterator[Run]:
    """Runs on lakes of their own."""
    import dataclasses

    def more() -> Iterator[Run]:
        for i in range(9):
            settings = dataclasses.replace(run.lake.settings, lake=str(tmp_path / f"lake{i}"))
            yield Run("test", type(run.lake)(run.lake.spark, settings), run.contracts)

    return more()


@pytest.mark.slow
@pytest.mark.parametrize("append", [True, False])
def test_as_many_jobs_for_100_rules_as_for_10(
    runs: Iterator[Run], spark: SparkSession, things: DataFrame, append: bool
) -> None:
    found = []
    for count in (10, 100):
        run, table = next(runs), contract(rows=count, append=append)
        found.append(jobs_of(spark, lambda r=run, t=table: put(r, t, things, rows_in=100)))
    assert found[0] == found[1] > 0


HIGH = Rule("high", "range", ("price",), maximum="1000")
OWNED = Rule("owned", "not_null", ("owner",), "warn")
MEAN = Rule("mean", "aggregate", ("price",), "warn", measure="mean", maximum="50")


@pytest.mark.parametrize("rows_in", [None, 100], ids=["while written", "before"])
def test_every_rule_of_every_batch_has_a_line(
    run: Run, things: DataFrame, rows_in: int | None
) -> None:
    counts = put(run, contract(HIGH, OWNED, MEAN, rows=1), things, rows_in=rows_in)
    assert (counts.good, counts.quarantined) == (90, 10)
    mean = sum(i for i in range(100) if i % 10) / 90
    assert outcomes(run) == {
        "high": (100, 10, None),
        "owned": (100, 20, None),
        "mean": (90, 0, mean),
        "price_0": (100, 10, None),
    }
    assert run.lake.read("silver.things").count() == 90
    held = run.lake.read("governance.quarantine_silver_things").collect()
    assert {x.rule for r in held for x in r.reasons} == {"high", "price_0"}
    assert len(held) == 10


@pytest.mark.slow
def test_a_transaction_that_delta_knows_is_counted_again(
    run: Run, things: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run.ledger, "record", lambda **_: None)
        first = put(run, contract(HIGH), things, transaction=("app", 1))
    again = put(run, contract(HIGH), things, transaction=("app", 1))
    assert again == first
    assert run.lake.read("silver.things").count() == 90
    assert run.lake.read("governance.quarantine_silver_things").count() == 10
    assert outcomes(run)["high"] == (100, 10, None)


def test_an_aggregate_can_stop_the_run_before_anything_is_written(
    run: Run, things: DataFrame
) -> None:
    strict = Rule("few", "aggregate", (), "stop", measure="row_count", maximum="50")
    with pytest.raises(GovernanceError, match=r"few is broken: row_count is 100.*at most 50"):
        put(run, contract(strict), things)
    assert not run.lake.exists("silver.things")


@pytest.mark.slow
def test_row_change_compares_with_the_batch_before(run: Run, things: DataFrame) -> None:
    change = Rule("change", "aggregate", (), "warn", measure="row_change", minimum="-0.5")
    put(run, contract(change), things)
    assert outcomes(run)["change"] == (100, 0, None)
    put(run, contract(change), things.limit(20), batch="b2")
    second = run.lake.read("governance.rule_metrics").where("batch_id = 'b2'").first()
    assert second is not None
    assert (second.rows_broken, second.value, second.minimum) == (1, pytest.approx(-0.8), -0.5)


def test_an_aggregate_over_the_table_merges_the_batches(run: Run, things: DataFrame) -> None:
    rules = [
        Rule(m, "aggregate", (c,), "warn", measure=m, over="table", minimum="0")
        for m, c in (("sum", "price"), ("distinct_count", "id"))
    ]
    put(run, contract(*rules), things.where("price < 10"))
    put(run, contract(*rules), things.where("price BETWEEN 10 AND 20 OR price = 9"), batch="b2")
    lines = run.lake.read("governance.rule_metrics").where("batch_id = 'b2'").collect()
    assert {r.rule: r.value for r in lines} == {
        "sum": sum(range(1, 10)) + 9 + sum(range(11, 20)),
        "distinct_count": pytest.approx(18),
    }


@pytest.mark.slow
def test_drift_against_earlier_batches(run: Run, things: DataFrame) -> None:
    rule = Rule("drift", "drift", ("price",), "warn", measure="psi", maximum="0.2")
    same, shifted = things.where("price < 1000"), things.where("price BETWEEN 60 AND 1000")
    for batch, df in (("b1", same), ("b2", same), ("b3", shifted)):
        put(run, contract(rule), df, batch=batch)
    lines = run.lake.read("governance.rule_metrics").collect()
    found = {r.batch_id: (r.value, r.rows_broken) for r in lines}
    assert found["b1"] == (None, 0)
    assert found["b2"] == (pytest.approx(0), 0)
    assert found["b3"][0] > 0.5
    assert found["b3"][1] == 1


@pytest.mark.slow
def test_a_stream_of_files_gives_the_same_verdicts(
    runs: Iterator[Run], spark: SparkSession, things: DataFrame, tmp_path: Path
) -> None:
    known = spark.createDataFrame([(f"o{i}",) for i in range(0, 100, 3)], "name string")
    table = contract(
        HIGH, OWNED, Rule("known", "reference", ("owner",), reference=("silver.people", "name"))
    )
    whole, streamed = next(runs), next(runs)
    for run in (whole, streamed):
        known.write.format("delta").save(str(run.lake.folder("silver.people")))
    put(whole, table, things)

    def take(df: DataFrame, number: int) -> None:
        put(streamed, table, df, batch=f"s{number}", transaction=("stream", number))

    stream = spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1)
    query = stream.parquet(f"{tmp_path}/things").writeStream.foreachBatch(take)
    query = query.option("checkpointLocation", f"{tmp_path}/check").trigger(availableNow=True)
    query.start().awaitTermination()
    for name in ("silver.things", "governance.quarantine_silver_things"):
        columns = [c for c in whole.lake.read(name).columns if c != "batch_id"]
        one, other = (
            sorted(map(str, r.lake.read(name).select(*columns).collect()))
            for r in (whole, streamed)
        )
        assert one == other
    lines = streamed.lake.read("governance.rule_metrics").groupBy("rule").sum("rows_broken")
    assert len(streamed.lake.read("governance.ledger").collect()) == 3
    assert dict(map(tuple, lines.collect())) == {k: v[1] for k, v in outcomes(whole).items()}
