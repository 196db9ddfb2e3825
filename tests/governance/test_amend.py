"""A change brought into a table leaves what a build of the whole table would leave."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Contract, Rule
from shoplake.errors import GovernanceError
from shoplake.governance.amend import Change, amendable
from shoplake.governance.ledger import Ledger
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake

SCHEMA = "id string, price double, owner string, row_id string"
SOURCE = "bronze.people"
Row = tuple[str | None, float | None, str | None, str]
OLD: list[Row] = [
    ("a", 1.0, "ann", "r1"),
    ("b", 60.0, None, "r2"),
    ("c", 400.0, "cid", "r3"),
    ("d", None, "Dan 7", "r4"),
    ("e", 99.0, "eva", "r5"),
]
Change_ = tuple[list[Row], set[str]]
CHANGES: dict[str, Change_] = {
    "more": ([*OLD, ("f", 70.0, "fay", "r6"), ("g", -1.0, "gus", "r7")], {"r6", "r7"}),
    "others": ([OLD[0], ("b", 61.0, "bob", "r2"), *OLD[2:]], {"r2"}),
    "fewer": ([*OLD[:1], *OLD[2:]], {"r2"}),
    "held and released": ([OLD[0], ("b", 200.0, None, "r2"), ("c", 4.0, "cid", "r3"), *OLD[3:]],
                          {"r2", "r3"}),
    "none": (OLD, set()),
}  # fmt: skip
#: The one with the most in it; the others are among the slow tests.
_QUICK = "held and released"


class Table:
    """`silver.items` made of the records of one table, whole or by what changes."""

    def __init__(self, run: Run, items: Contract) -> None:
        self.lake, self.items, self.contracts = run.lake, items, run.contracts
        self.asked = 0

    def record(self, rows: list[Row]) -> None:
        frame = self.lake.spark.createDataFrame(rows, SCHEMA)
        path = str(self.lake.folder(SOURCE))
        frame.coalesce(1).write.format("delta").mode("overwrite").save(path)

    def build(
        self, touched: set[str] | None = None, meanwhile: Callable[[], None] = lambda: None
    ) -> Run:
        """As a process of its own; `touched` are the records that changed."""
        run = Run("test", self.lake, self.contracts)

        def change(then: Mapping[str, int], now: Mapping[str, int]) -> Change:
            self.asked += 1
            chosen = F.col("row_id").isin(*(touched or ()))
            before, after = (self.lake.read(SOURCE, v[SOURCE]) for v in (then, now))
            meanwhile()
            return Change(before.where(chosen), after.where(chosen))

        run.build(
            self.items.table,
            lambda read: read(SOURCE),
            inputs=[SOURCE],
            change=None if touched is None else change,
        )
        return run

    def said(self) -> dict[str, Any]:
        """All that is known of the table."""
        batch = self.last("governance.ledger", ("rows_in", "rows_good", "rows_quarantined",
                                                "rows_deduplicated", "digest"))  # fmt: skip
        rules = self.last("governance.rule_metrics", ("rule", "rows_judged", "rows_broken"))
        columns = ("column_name", "rows_seen", "nulls", "total", "low", "high")
        held = self.lake.rows("governance.quarantine_silver_items", ("row_id", "reasons", "record"))
        return {
            "rows": sorted(map(str, self.lake.rows(self.items.table))),
            "held": sorted(map(str, held)),
            "ledger": batch,
            "rules": rules,
            "columns": self.last("governance.column_metrics", columns),
        }

    def last(self, table: str, columns: tuple[str, ...]) -> list[str]:
        """What the evidence says of the last batch."""
        rows = self.lake.rows(table, ("batch_id", "finished_at", *columns))
        batch = max(rows, key=lambda r: r["finished_at"])["batch_id"]
        return sorted(str([r[c] for c in columns]) for r in rows if r["batch_id"] == batch)


@pytest.fixture
def table(run: Run, items: Contract) -> Table:
    made = Table(run, items)
    made.record(OLD)
    made.build()
    return made


@pytest.fixture
def whole(spark: SparkSession, run: Run, items: Contract, tmp_path: Path) -> Callable[..., Any]:
    """What is said of a table that was made whole of these records."""

    def make(rows: list[Row]) -> Any:
        settings = dataclasses.replace(run.lake.settings, lake=str(tmp_path / "whole"))
        other = Table(Run("test", Lake(spark, settings), run.contracts), items)
        other.record(rows)
        other.build()
        return other.said()

    return make


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n == _QUICK else [pytest.mark.slow]) for n in CHANGES],
)
def test_as_if_the_whole_table_had_been_made(
    table: Table, whole: Callable[..., Any], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, touched = CHANGES[name]
    table.record(rows)
    table.build(touched)
    assert "what changed" in capsys.readouterr().out
    assert table.said() == whole(rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["more", "held"])
def test_a_change_that_was_killed_before_it_was_on_record_doubles_nothing(
    table: Table, whole: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Also where no row of the table itself says that it was brought in."""
    fresh: dict[str, list[Row]] = {
        "more": CHANGES["more"][0][5:],
        "held": [("g", -1.0, None, "r7")],
    }
    rows, touched = [*OLD, *fresh[name]], {row[3] for row in fresh[name]}
    table.record(rows)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            table.build(touched)
    table.build(touched)
    assert table.said() == whole(rows)


@pytest.mark.slow
def test_who_builds_the_same_table_meanwhile_waits(table: Table, whole: Callable[..., Any]) -> None:
    """Else both would find the same rows missing, and both would add them."""
    rows, touched = CHANGES["more"]
    table.record(rows)
    other = threading.Thread(target=table.build, args=(touched,))
    asked: list[int] = []

    def meanwhile() -> None:
        other.start()
        other.join(3)
        asked.append(table.asked)

    table.build(touched, meanwhile)
    other.join()
    assert asked == [1]
    assert table.said() == whole(rows)


@pytest.mark.slow
def test_untouched_rows_are_not_read_anew(table: Table) -> None:
    """A change that leaves out a record that changed shows that no other was looked at."""
    table.record([OLD[0], ("b", 61.0, None, "r2"), *OLD[2:-1], ("e", 98.0, "eva", "r5")])
    table.build({"r2"})
    prices = {r["id"]: r["price"] for r in table.lake.rows(table.items.table)}
    assert prices == {"a": 1.0, "b": 61.0, "e": 99.0}


@pytest.mark.slow
def test_where_the_least_value_may_be_gone_the_table_is_made_whole(
    table: Table, whole: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("a", 2.0, "ann", "r1"), *OLD[1:]]
    table.record(rows)
    table.build({"r1"})
    assert "what changed" not in capsys.readouterr().out
    assert table.said() == whole(rows)


@pytest.mark.slow
def test_killed_before_the_ledger_the_table_is_made_whole(
    table: Table, whole: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, touched = CHANGES["held and released"]
    table.record(rows)
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "record", _killed)
        with pytest.raises(KeyboardInterrupt):
            table.build(touched)
    table.build(touched)
    assert table.asked == 1, "what the table holds was not known, so no change was asked for"
    assert table.said() == whole(rows)


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_a_table_that_another_hand_changed_is_made_whole(
    table: Table, whole: Callable[..., Any]
) -> None:
    rows, touched = CHANGES["more"]
    table.lake.delta(table.items.table).delete("id = 'b'")
    table.record(rows)
    table.build(touched)
    assert table.asked == 0
    assert table.said() == whole(rows)


@pytest.mark.slow
def test_a_change_that_is_not_of_this_table_makes_it_whole(
    table: Table, whole: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleaning that gives other rows than the ones it gave then cannot say what changed."""
    rows, touched = CHANGES["others"]
    table.record(rows)
    read = table.lake.read

    def otherwise(name: str, version: int | None = None) -> DataFrame:
        frame = read(name, version)
        return frame.withColumn("price", F.col("price") + 1) if name == SOURCE else frame

    monkeypatch.setattr(table.lake, "read", otherwise)
    table.build(touched)
    assert table.said() == whole([(i, p and p + 1, o, r) for i, p, o, r in rows])


@pytest.mark.slow
def test_a_rule_that_stops_leaves_everything_as_it_was(run: Run, items: Contract) -> None:
    rules = (*items.rules, Rule("free", "row", ("price",), "stop", condition="price <> 7"))
    strict = dataclasses.replace(items, rules=rules)
    known = ContractBook({c.table: c for c in run.contracts} | {strict.table: strict})
    table = Table(Run("test", run.lake, known), strict)
    table.record(OLD)
    table.build()
    before = table.said()
    table.record([*OLD, ("f", 7.0, "fay", "r6")])
    with pytest.raises(GovernanceError, match="rule free is broken by 1 row"):
        table.build({"r6"})
    assert table.said() == before


@pytest.mark.parametrize(
    ("rule", "can"),
    [
        (Rule("fresh", "freshness", ("price",), "warn", maximum="1"), True),
        (Rule("mean", "aggregate", ("price",), "warn", measure="mean", maximum="1"), False),
        (Rule("drift", "drift", ("price",), "warn", measure="psi", maximum="1"), False),
        (Rule("known", "reference", ("owner",), reference=("silver.people", "id")), False),
        (Rule("again", "unique", ("price",)), False),
        (Rule("again", "unique", ("id", "price")), True),
        (Rule("shown", "preceded_by", ("id",), per=("owner",), reference=("silver.items",)), True),
        (Rule("close", "near_duplicate", ("owner",)), False),
    ],
    ids=lambda given: given.kind if isinstance(given, Rule) else "",
)
def test_rules_that_only_a_whole_table_answers(items: Contract, rule: Rule, can: bool) -> None:
    under = dataclasses.replace(items, rules=(*items.rules, rule))
    assert amendable(under, ("owner",)) is can
