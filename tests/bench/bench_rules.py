"""40 row rules over a table of 10 columns: what judging costs, and what others take for the same.

Every side writes its result (to `noop` or to Delta); nothing is timed with count(), which would let
Spark leave the rules out. All sides run in turn, `--runs` times, on one session; ratios are of the
medians. Peers are run where they can be imported, from folders given by `--peers`:

    uv pip install --target /tmp/peers cuallee
    python tests/bench/bench_rules.py --peers /tmp/peers

Run it without anything else on the machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.contracts.ddl import schema
from shoplake.contracts.model import Column, Contract, Rule
from shoplake.governance.judge import judge
from shoplake.governance.metrics import wanted
from shoplake.governance.passes import Pass
from shoplake.governance.publish import publish
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.session import get_spark
from shoplake.runtime.settings import conf_dir, load

#: A session that forgets no stage: `cpu_seconds` adds up all of them.
ALL_STAGES = {"spark.ui.retainedStages": "100000"}
TYPES = {
    "id": "string",
    "order_id": "string",
    "email": "string",
    "country": "string",
    "category": "string",
    "price": "double",
    "quantity": "int",
    "discount": "double",
    "score": "double",
    "bought_at": "timestamp",
}
COUNTRIES = ("DE", "FR", "IT", "GB", "US", "CN", "NL", "ES")
CATEGORIES = ("lamp", "cup", "chair", "table", "toy")


def rules() -> tuple[Rule, ...]:
    """40 rules of all row kinds."""
    found = [Rule(f"{c}_not_null", "not_null", (c,)) for c in TYPES]
    ranges = {
        "price": ("0", "500"),
        "quantity": ("1", "100"),
        "discount": ("0", "0.9"),
        "score": ("-5", "5"),
        "bought_at": ("TIMESTAMP '2020-01-01'", "TIMESTAMP '2030-01-01'"),
    }
    found += [
        Rule(f"{c}_range", "range", (c,), minimum=low, maximum=high)
        for c, (low, high) in ranges.items()
    ]
    found += [
        Rule(f"{c}_{kind}", "range", (c,), "warn", **{kind: value})  # type: ignore[arg-type]
        for c, kind, value in (
            ("price", "minimum", "1"),
            ("discount", "maximum", "0.79"),
            ("price", "maximum", "490"),
            ("quantity", "maximum", "99"),
            ("score", "minimum", "-4"),
        )
    ]
    found += [
        Rule("order_id_pattern", "pattern", ("order_id",), pattern="O-[0-9]+"),
        Rule("email_pattern", "pattern", ("email",), pattern="[a-z0-9]+@[a-z]+\\.[a-z]+"),
    ]
    found += [
        Rule(f"{c}_length", "length", (c,), minimum="2", maximum=str(n))
        for c, n in (("order_id", 12), ("email", 40), ("country", 2), ("id", 32))
    ]
    found += [
        Rule("country_set", "set", ("country",), allowed=COUNTRIES),
        Rule("category_set", "set", ("category",), allowed=CATEGORIES),
    ]
    conditions = {
        "price_over_discount": "price * (1 - discount) >= 0",
        "cheap_is_small": "price < 490 OR quantity < 95",
        "not_all_free": "NOT (price = 0 AND quantity > 50)",
        "lamps_cost": "category <> 'lamp' OR price > 0.001",
        "american_score": "country <> 'US' OR score > -4.9",
        "amount_limit": "price * quantity <= 50000",
        "shop_mail": "email LIKE '%@%'",
        "in_the_past": "bought_at < TIMESTAMP '2029-12-31'",
        "score_per_item": "abs(score) / quantity <= 5",
        "whole_discount": "discount < 0.85 OR price > 1",
        "toys_for_all": "category <> 'toy' OR quantity >= 1",
        "id_is_not_the_order": "id <> order_id",
    }
    found += [Rule(n, "row", ("price",), condition=sql) for n, sql in conditions.items()]
    assert len(found) == 40
    return tuple(found)


def contract() -> Contract:
    """The bench's table: appended to, as a batch of new rows is."""
    columns = tuple(
        Column(n, kind, True, 1 if n == "id" else None, classification=_class(n))
        for n, kind in TYPES.items()
    )
    return Contract(
        "silver.bench",
        "1.0.0",
        "Bench.",
        "a line",
        columns,
        rules(),
        append_only=True,
        check_constraints="stop",
    )


def _class(name: str) -> str:
    return "personal" if name == "email" else "internal"


def make(spark: SparkSession, path: str, rows: int) -> None:
    """Seeded rows, about 1% of which break a rule."""
    rand = {n: F.rand(i) for i, n in enumerate("abcdefgh")}
    df = spark.range(0, rows, 1, 4).select(
        F.md5(F.col("id").cast("string")).alias("id"),
        F.concat(F.lit("O-"), (F.col("id") / 3).cast("bigint")).alias("order_id"),
        F.concat(F.substring(F.md5(rand["a"].cast("string")), 1, 12), F.lit("@shop.org")).alias(
            "email"
        ),
        F.element_at(F.array(*map(F.lit, COUNTRIES)), (rand["b"] * 8).cast("int") + 1).alias(
            "country"
        ),
        F.when(rand["c"] < 0.003, "zebra")
        .otherwise(F.element_at(F.array(*map(F.lit, CATEGORIES)), (rand["c"] * 5).cast("int") + 1))
        .alias("category"),
        F.when(rand["d"] < 0.003, -1.0).otherwise(rand["d"] * 499).alias("price"),
        F.when(rand["e"] < 0.002, None)
        .otherwise((rand["e"] * 90).cast("int") + 1)
        .alias("quantity"),
        (rand["f"] * 0.8).alias("discount"),
        F.when(rand["g"] < 0.002, float("nan")).otherwise(rand["g"] * 8 - 4).alias("score"),
        F.timestamp_seconds(1.6e9 + rand["h"] * 1e8).alias("bought_at"),
    )
    df.write.mode("overwrite").parquet(path)


Side = Callable[[], dict[str, int] | None]


def sides(spark: SparkSession, path: str, folder: Path) -> dict[str, Side]:
    """What is timed; each gives the rows that broke each rule, where it knows them."""
    table = contract()
    settings = dataclasses.replace(load("local"), lake=str(folder / "lake"))
    book = ContractBook({c.table: c for c in [*load_contracts(conf_dir() / "contracts"), table]})

    def rows() -> DataFrame:
        return spark.read.parquet(path).select(
            *(F.col(n).cast(t).alias(n) for n, t in TYPES.items())
        )

    def scan() -> None:
        noop(rows())

    def masks() -> None:
        noop(judge(rows(), table, lambda _: None))

    def judged() -> None:
        df = judge(rows(), table, lambda _: None)
        count = Pass(table, wanted(table, {}), df.columns)
        passed = df.observe(Observation(), count.aggregate(held_apart=True))
        noop(passed.where(count.good).select(*TYPES))

    def counted() -> dict[str, int]:
        df = judge(rows(), table, lambda _: None)
        count = Pass(table, wanted(table, {}), df.columns)
        row = df.agg(count.aggregate()).first()
        assert row is not None
        return count.decode(row[0]).broken

    run = Run("bench", Lake(spark, settings), book)
    batches = itertools.count()

    def plain() -> None:
        rows().write.format("delta").mode("append").save(str(folder / "plain"))

    def published() -> dict[str, int]:
        batch = f"b{next(batches)}"
        publish(run.lake, run.ledger, rows(), table, step="bench", batch=batch, inputs={})
        lines = run.lake.read("governance.rule_metrics").where(F.col("batch_id") == batch)
        return dict(map(tuple, lines.select("rule", "rows_broken").collect()))

    found: dict[str, Side] = {
        "bare scan to noop": scan,
        "masks to noop": masks,
        "good rows, judged and described, to noop": judged,
        "all counts and states, no rows": counted,
        "plain Delta write": plain,
        "publish: good, quarantine, reasons, metrics": published,
    }
    for name, peer in (("cuallee", cuallee), ("great_expectations", great_expectations)):
        side = peer(spark, rows)
        if side is None:
            print(f"{name}: cannot be imported, skipped")
        else:
            found[name] = side
    assert schema(table).names == list(TYPES)
    return found


def noop(df: DataFrame) -> None:
    df.write.format("noop").mode("overwrite").save()


def cuallee(spark: SparkSession, rows: Callable[[], DataFrame]) -> Side | None:
    """The same rules for cuallee, which counts and gives no verdict of a row."""
    try:
        from cuallee import Check, CheckLevel
    except ImportError:
        return None

    def side() -> dict[str, int]:
        check = Check(CheckLevel.WARNING, "bench")
        for rule in rules():
            check.satisfies(rule.columns[0], sql_of(rule))
        result = check.validate(rows()).collect()
        return {r.name: int(line["violations"]) for r, line in zip(rules(), result, strict=True)}

    return side


def great_expectations(spark: SparkSession, rows: Callable[[], DataFrame]) -> Side | None:
    """The same rules for Great Expectations, as its own expectations where it has them."""
    try:
        import great_expectations as gx
        from great_expectations import expectations as gxe
    except ImportError:
        return None

    def expectation(rule: Rule) -> object:
        column = rule.columns[0]
        if rule.kind == "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(column=column)
        if rule.kind == "set":
            return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(rule.allowed))
        if rule.kind == "pattern":
            return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=f"^(?:{rule.pattern})$")
        if rule.kind == "length":
            low, high = int(rule.minimum or 0), int(rule.maximum or 0)
            return gxe.ExpectColumnValueLengthsToBeBetween(
                column=column, min_value=low, max_value=high
            )
        return gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT * FROM {{batch}} WHERE NOT ({sql_of(rule)})"
        )

    def side() -> None:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
        source = context.data_sources.add_spark("bench", persist=False)
        asset = source.add_dataframe_asset("bench")
        batch = asset.add_batch_definition_whole_dataframe("all")
        suite = gx.ExpectationSuite(name="bench", expectations=[expectation(r) for r in rules()])
        found = batch.get_batch({"dataframe": rows()}).validate(suite, result_format="SUMMARY")
        assert len(found.results) == 40
        raised = [r for r in found.results if r.exception_info.get("raised_exception")]
        assert not raised, raised[0].exception_info

    return side


def sql_of(rule: Rule) -> str:
    """The rule's condition, true where it holds."""
    from shoplake.contracts.conditions import holds

    return holds(rule, contract())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", action="append", default=[], help="folder with a peer")
    asked = parser.parse_args()
    sys.path += asked.peers
    spark = get_spark("bench_rules", memory="6g", conf=ALL_STAGES)
    with tempfile.TemporaryDirectory(prefix="shoplake-bench-") as name:
        folder = Path(name)
        make(spark, str(folder / "rows"), asked.rows)
        todo = sides(spark, str(folder / "rows"), folder)
        report(spark, todo, asked.rows, asked.runs)
    spark.stop()


def cpu_seconds(spark: SparkSession) -> float:
    """CPU seconds of all tasks so far, of `ALL_STAGES`: unlike wall time no other program's."""
    store = spark.sparkContext._jsc.sc().statusStore()  # type: ignore[union-attr]
    gateway = spark.sparkContext._gateway
    quantiles = gateway.new_array(gateway.jvm.double, 0)  # type: ignore[union-attr]
    stages = store.stageList(None, False, False, quantiles, None)
    return sum(stages.apply(i).executorCpuTime() for i in range(stages.size())) / 1e9


def report(spark: SparkSession, todo: dict[str, Side], rows: int, runs: int) -> None:
    """Run all sides in turn, check that they agree, and print medians and ratios."""
    wall: dict[str, list[float]] = {name: [] for name in todo}
    cpu: dict[str, list[float]] = {name: [] for name in todo}
    counts: dict[str, dict[str, int]] = {}
    for run in range(runs + 1):
        for name, side in todo.items():
            before, started = cpu_seconds(spark), time.perf_counter()
            found = side()
            taken = time.perf_counter() - started
            time.sleep(0.5)  # Spark reports a task's CPU time a little later.
            if found is not None:
                counts[name] = found
            if run:  # The first run compiles and loads.
                wall[name].append(taken)
                cpu[name].append(cpu_seconds(spark) - before)
    first, *others = counts
    for other in others:
        differ = {k for k in counts[first] if counts[first][k] != counts[other].get(k)}
        if differ:
            raise SystemExit(f"{first} and {other} disagree on {sorted(differ)}")
    print(f"{rows:,} rows x {len(TYPES)} columns, 40 rules, {runs} runs in turn after a first one")
    print("median seconds: wall, CPU of all tasks")
    middle = {n: (statistics.median(wall[n]), statistics.median(cpu[n])) for n in todo}
    for name, (w, c) in middle.items():
        each = ", ".join(f"{t:.2f}" for t in wall[name])
        print(f"  {w:7.2f} {c:7.2f}  {name}  (wall {each})")
    print(f"same counts for all rules: {', '.join(counts)}")

    def ratio(a: str, b: str, wish: str) -> None:
        w, c = (x / y for x, y in zip(middle[a], middle[b], strict=True))
        print(f"{a} / {b}: wall {w:.2f}, CPU {c:.2f} ({wish})")

    scan, _, judged, counted, plain, published, *peers = todo
    ratio(judged, scan, "at most 2, aim 1.5")
    ratio(published, plain, "at most 1.4, aim 1.15")
    for peer in peers:
        ratio(peer, counted, "cuallee at least 1.5, others at least 4")


if __name__ == "__main__":
    main()
