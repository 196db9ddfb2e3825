"""All row rules of a contract as one bit mask a row, decoded only for rows that break one.

A mask costs a few additions a row; an array of reasons costs six times as much (measured in
tests/bench), so reasons are built only where a row is held.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.contracts.conditions import holds
from shoplake.contracts.model import MASKED, Contract, Rule

#: Rules a mask holds; a second mask column follows after so many.
BITS = 62
CAST_FAILURES = "_cast_failures"
DUPLICATE_OF = "_duplicate_of"

Reader = Callable[[str], DataFrame]


def mask_name(index: int) -> str:
    """The column that holds the bit of the rule at `index`."""
    return f"_broken_{index // BITS}"


def judge(candidate: DataFrame, contract: Contract, read: Reader) -> DataFrame:
    """`candidate` with its mask columns: bit i of the masks is set where rule i is broken.

    Args:
        candidate: the contract's columns and possibly `_cast_failures` and `_duplicate_of`.
        contract: its rules are numbered in their order; `read` is asked for referenced tables.
        read: table name to DataFrame.

    Returns:
        The rows of `candidate`, each exactly once, with `_broken_<n>: bigint` columns.
        Duplicates (`_duplicate_of` set) are not judged: their masks are 0.
    """
    df = candidate
    alive = F.col(DUPLICATE_OF).isNull() if DUPLICATE_OF in df.columns else F.lit(True)
    broken: list[Column] = []
    helpers: list[str] = []
    for index, rule in enumerate(contract.rules):
        if rule.kind == "unique":
            df, column = _unique(df, rule, index, alive)
            helpers.append(f"_rule_{index}")
        elif rule.kind == "reference":
            df, column = _reference(df, rule, index, read)
            helpers.append(f"_rule_{index}")
        else:
            column = ~F.expr(holds(rule))
        broken.append(column)
    masks: list[Column] = []
    for start in range(0, max(len(broken), 1), BITS):
        bits = [
            F.when(b, F.lit(1 << i).cast("bigint")).otherwise(F.lit(0).cast("bigint"))
            for i, b in enumerate(broken[start : start + BITS])
        ]
        mask = reduce(lambda a, b: a.bitwiseOR(b), bits, F.lit(0).cast("bigint"))
        masks.append(F.when(alive, mask).otherwise(F.lit(0).cast("bigint")).alias(mask_name(start)))
    return df.select("*", *masks).drop(*helpers)


def _unique(df: DataFrame, rule: Rule, index: int, alive: Column) -> tuple[DataFrame, Column]:
    """The first row of a key stays (by row_id, else by content), the others break the rule."""
    flag = f"_rule_{index}"
    values = [name for name, kind in df.dtypes if not kind.startswith("map")]
    order = "row_id" if "row_id" in df.columns else F.xxhash64(*values)
    window = Window.partitionBy(alive, *[F.col(c) for c in rule.columns]).orderBy(order)
    whole = reduce(lambda a, b: a & b, [F.col(c).isNotNull() for c in rule.columns])
    df = df.withColumn(flag, whole & (F.row_number().over(window) > 1))
    return df, F.col(flag)


def _reference(df: DataFrame, rule: Rule, index: int, read: Reader) -> tuple[DataFrame, Column]:
    assert rule.reference is not None
    flag, (table, column) = f"_rule_{index}", rule.reference
    known = read(table).select(F.col(column).alias(f"_key_{index}")).distinct()
    known = known.withColumn(flag, F.lit(False))
    df = df.join(known, F.col(rule.columns[0]) == F.col(f"_key_{index}"), "left")
    df = df.drop(f"_key_{index}")
    missing = F.col(rule.columns[0]).isNotNull() & F.col(flag).isNull()
    return df.withColumn(flag, missing), F.col(flag)


def breaks(contract: Contract, *, having: tuple[str, ...]) -> Column:
    """Whether a judged row breaks a rule whose `on_breach` is one of `having`, or a cast failed."""
    masks: dict[int, int] = {}
    for index, rule in enumerate(contract.rules):
        if rule.on_breach in having:
            masks[index // BITS] = masks.get(index // BITS, 0) | (1 << (index % BITS))
    tests = [
        F.col(mask_name(n * BITS)).bitwiseAND(F.lit(bits).cast("bigint")) != 0
        for n, bits in masks.items()
    ]
    return reduce(lambda a, b: a | b, tests, F.lit(False))


def rule_broken(index: int) -> Column:
    """Whether a judged row breaks the rule at `index`."""
    bit = F.lit(1 << (index % BITS)).cast("bigint")
    return F.col(mask_name(index)).bitwiseAND(bit) != 0


def reasons(contract: Contract, columns: list[str]) -> Column:
    """`array<struct<rule,column,value>>`: why a judged row is held; personal values masked."""
    parts = [
        F.when(
            rule_broken(index),
            F.struct(
                F.lit(rule.name).alias("rule"),
                F.lit(", ".join(rule.columns)).alias("column"),
                _shown(contract, rule).alias("value"),
            ),
        )
        for index, rule in enumerate(contract.rules)
        if rule.on_breach != "warn"
    ]
    found = F.array_compact(F.array(*parts)) if parts else F.array()
    if CAST_FAILURES not in columns:
        return found
    casts = F.transform(
        F.coalesce(F.col(CAST_FAILURES), F.array()),
        lambda f: F.struct(
            F.concat(f["column"], F.lit("_type")).alias("rule"),
            f["column"].alias("column"),
            f["value"].alias("value"),
        ),
    )
    return F.concat(casts, found) if parts else casts


def _shown(contract: Contract, rule: Rule) -> Column:
    values = [
        F.lit("***")
        if contract.column(c).classification in MASKED
        else F.coalesce(F.col(c).cast("string"), F.lit("null"))
        for c in rule.columns
    ]
    return F.substring(F.concat_ws(", ", *values), 1, 200)
