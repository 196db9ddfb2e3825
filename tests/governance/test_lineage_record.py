"""What runs leave in governance.lineage: MERGE, streams, cuts, reruns, and a run that dies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.cli import main
from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.contracts.model import Column, Contract, Rule
from shoplake.governance import target
from shoplake.governance.ledger import Counts, append, ensure
from shoplake.governance.lineage.edges import Edge
from shoplake.governance.lineage.scans import Scanner
from shoplake.governance.lineage.store import EdgeStore, edges
from shoplake.governance.mirror import LITTLE, mirror
from shoplake.governance.run import Read, Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load
from shoplake.runtime.sql import query

SENT = Contract(
    "bronze.items", "1.0.0", "As sent.", "one row per thing",
    (Column("id", "string", True, 1), Column("cents", "string"), Column("who", "string")), (),
)  # fmt: skip
KEPT = Contract(
    "silver.items", "1.0.0", "Things.", "one row per thing",
    (Column("id", "string", True, 1), Column("price", "double"), Column("who", "string")),
    (Rule("price_range", "range", ("price",), minimum="0"),),
)  # fmt: skip


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with three things in bronze.items."""
    folder = tmp_path_factory.mktemp("lineage") / "lake"
    made = Lake(spark, dataclasses.replace(load("local"), lake=str(folder)))
    append(made, SENT, [("a", "100", "x"), ("b", "250", "y"), ("c", "-1", "z")])
    return made


@pytest.fixture
def shop(lake: Lake, request: pytest.FixtureRequest) -> Run:
    """A run of a step of its own, so that its edges are told from those of other tests."""
    known = {c.table: c for c in load_contracts(conf_dir() / "contracts")}
    contracts = ContractBook(known | {SENT.table: SENT, KEPT.table: KEPT})
    return Run(request.node.name, lake, contracts)


def clean(read: Read) -> DataFrame:
    return read("bronze.items").select(
        "id", (F.col("cents").cast("double") / 100).alias("price"), F.sha2("who", 256).alias("who")
    )


Make = Callable[[Read], DataFrame]
INPUTS = ("bronze.items",)


def build(run: Run, make: Make = clean, inputs: tuple[str, ...] = INPUTS) -> Counts:
    return run.build("silver.items", make, inputs=inputs, params=run.run_id)


def tell(run: Run, make: Make = clean, inputs: tuple[str, ...] = INPUTS) -> None:
    """All that `build` tells, without writing the table."""
    versions = run.versions(inputs)
    with run.lineage.building(KEPT, versions, inputs) as building:
        building.made(make(run.reader(versions)))


def again(run: Run) -> Run:
    return Run(run.step, run.lake, run.contracts)


def of(run: Run, table: str = "silver.items") -> set[tuple[str | None, str, str, str]]:
    """(column, source, kind, transformation) of the current edges."""
    return {
        (e.target_column, f"{e.source_table}.{e.source_column}", e.kind, e.transformation)
        for e in edges(run.lake.settings)
        if e.target_table == table and e.job.startswith(f"{run.step}.")
    }


EXPECTED = {
    ("id", "bronze.items.id", "direct", "identity"),
    ("price", "bronze.items.cents", "direct", "transformation"),
    ("who", "bronze.items.who", "direct", "transformation, masked"),
    (None, "bronze.items.cents", "indirect", "rule"),
}


def recorded(run: Run) -> int:
    sql = f"SELECT count(*) AS n FROM governance.lineage WHERE step = '{run.step}'"
    return int(query(run.lake.settings, sql)[0]["n"])


@pytest.mark.slow
@pytest.mark.parametrize(("little", "operation"), [(0, "MERGE"), (LITTLE, "WRITE")])
def test_a_change_has_the_lineage_of_its_candidates_and_is_not_recorded_twice(
    shop: Run, monkeypatch: pytest.MonkeyPatch, little: int, operation: str
) -> None:
    monkeypatch.setattr(target, "mirror", partial(mirror, little=little))
    build(shop)
    assert of(shop) == EXPECTED
    before = recorded(shop)
    append(shop.lake, SENT, [("d", "7", "w")])
    build(again(shop))
    assert shop.lake.delta("silver.items").history(1).first()["operation"] == operation  # type: ignore[index]
    assert of(shop) == EXPECTED
    assert recorded(shop) == before


def test_other_code_replaces_the_edges_of_its_job_and_history_stays(shop: Run) -> None:
    tell(shop)
    before = recorded(shop)
    tell(again(shop), lambda read: clean(read).withColumn("who", F.lit("nobody")))
    assert of(shop) == {e for e in EXPECTED if e[0] != "who"}
    assert recorded(shop) == before + len(EXPECTED) - 1


def test_a_table_that_does_not_exist_is_no_unknown_source(shop: Run) -> None:
    def make(read: Read) -> DataFrame:
        return (
            clean(read)
            .join(
                read("silver.people").select("person_key"),
                F.col("who") == F.col("person_key"),
                "left",
            )
            .drop("person_key")
        )

    tell(shop, make, ("bronze.items", "silver.people"))
    assert {source for _, source, _, _ in of(shop)} == {
        f"bronze.items.{c}" for c in ("id", "cents", "who")
    }


def test_a_cut_plan_falls_back_to_the_table_and_says_so(shop: Run) -> None:
    tell(shop, lambda read: clean(read).localCheckpoint())
    untold = "not told by the plan"
    assert (None, "bronze.items.None", "unknown", untold) in of(shop)
    assert {("price", "unknown.None", "unknown", untold)} <= of(shop)


def test_a_plan_that_cannot_be_followed_breaks_nothing(
    shop: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: Scanner, df: DataFrame) -> None:
        raise AttributeError("no plan here")

    monkeypatch.setattr(Scanner, "frame", fail)
    tell(shop)
    assert of(shop) == {(None, "bronze.items.None", "unknown", "not told by the plan")}
    assert f"lineage of {shop.step}.silver.items" in capsys.readouterr().out


def test_a_full_disk_is_told_of_as_one(
    shop: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: EdgeStore, job: str, edges: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EdgeStore, "keep", fail)
    tell(shop)
    assert f"lineage of {shop.step}.silver.items: the disk is full" in capsys.readouterr().out


def test_a_run_killed_before_its_ledger_line_leaves_whole_lineage(
    shop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*args: object, **kwargs: object) -> None:
        raise Killed

    monkeypatch.setattr("shoplake.governance.ledger.Ledger.record", kill)
    with pytest.raises(Killed):
        build(shop)
    monkeypatch.undo()
    before = recorded(shop)
    build(again(shop))
    assert of(shop) == EXPECTED
    assert recorded(shop) == before


def test_a_micro_batch_has_the_lineage_of_its_stream(
    spark: SparkSession, shop: Run, tmp_path: Path
) -> None:
    stream = spark.readStream.format("delta").load(str(shop.lake.folder("bronze.items")))

    def take(batch: DataFrame, number: int) -> None:
        # The stream's table is declared nowhere here: only the plan can tell it.
        build(shop, lambda _: batch, ())

    cleaned = clean(lambda _: stream)
    query = cleaned.writeStream.foreachBatch(take).option("checkpointLocation", str(tmp_path / "c"))
    query.trigger(availableNow=True).start().awaitTermination()
    assert of(shop) == EXPECTED


def test_what_no_plan_shows_is_told_by_the_job(shop: Run) -> None:
    shop.lineage.columns("feed:items", shop.lake.read("bronze.items").select("id", "cents"))
    shop.lineage.flows("model:m/1", [None], sources={"feed:items": ("id", "cents")})
    assert of(shop, "feed:items") == {
        (c, f"bronze.items.{c}", "direct", "identity") for c in ("id", "cents")
    }
    assert of(shop, "model:m/1") == {
        (None, f"feed:items.{c}", "direct", "transformation") for c in ("id", "cents")
    }


def test_two_jobs_of_one_target_do_not_replace_each_other(shop: Run) -> None:
    for version in ("1", "2"):
        shop.lineage.flows(
            "gold.r", ["score"], sources={f"model:m/{version}": [None]}, name=version
        )
    found = {e for e in edges(shop.lake.settings) if e.target_table == "gold.r"}
    assert found == {
        Edge(
            f"{shop.step}.gold.r.{v}",
            "gold.r",
            "score",
            f"model:m/{v}",
            None,
            "direct",
            "transformation",
        )
        for v in ("1", "2")
    }


def test_the_command_draws_both_ways(shop: Run, capsys: pytest.CaptureFixture[str]) -> None:
    tell(shop)
    lake = ["--lake", shop.lake.settings.lake]
    capsys.readouterr()
    main(["lineage", "silver.items.price", *lake])
    shown = capsys.readouterr().out
    assert "bronze.items.cents transformation" in shown
    assert "downstream of silver.items.price" in shown
    main(["lineage", "bronze.items", "--json", "--depth", "1", *lake])
    assert '"table": "silver.items"' in capsys.readouterr().out


def test_the_command_on_a_lake_without_lineage(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = dataclasses.replace(run.lake.settings)
    ensure(run.lake, SENT)
    main(["lineage", "gold.interest", "--lake", settings.lake])
    assert "nothing is known" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["lineage", "gold.intrest", "--lake", settings.lake])
    assert "did you mean gold.interest" in capsys.readouterr().out
