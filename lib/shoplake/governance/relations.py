"""Rules about a row beside other rows or another table: each becomes a boolean column.

Rules over the same columns share a shuffle, as Spark partitions the rows once for all windows
over them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.contracts.conditions import chosen
from shoplake.contracts.expressions import windowed
from shoplake.contracts.model import Rule
from shoplake.governance.near_duplicates import near_duplicates

#: A table by name; None where it does not exist yet, which is as if it were empty.
Reader = Callable[[str], DataFrame | None]

# Normal distribution: median absolute deviation and mean absolute deviation over sigma.
_MAD, _MEAN_DEVIATION = 0.6745, 1.253314


def flag(df: DataFrame, rule: Rule, name: str, alive: Column, own: str, read: Reader) -> DataFrame:
    """`df` with the boolean column `name`, true (never null) where a row breaks `rule`.

    Args:
        df: the rows of a batch.
        rule: of a kind in `RELATION_KINDS`.
        name: the new column.
        alive: whether a row counts at all; duplicates do not.
        own: the table's name: a rule that refers to it looks at the batch itself.
        read: the other tables.
    """
    # A column of its own, so that the aggregates of SQL expressions can be restricted to it.
    looked = f"{name}_chosen"
    df = df.withColumns({f"{name}_alive": alive, looked: alive & F.expr(chosen(rule))})
    keyed = F.col(looked) & _all(rule.per or rule.columns)
    df, column = _FLAGS[rule.kind](df, rule, name, looked, own, read)
    return df.withColumn(name, keyed & F.coalesce(column, F.lit(False))).drop(
        looked, *(c for c in df.columns if c.startswith(f"{name}_"))
    )


Flagged = tuple[DataFrame, Column]


def order_of(df: DataFrame) -> list[Column]:
    """An order of rows that depends on what they say, not on where Spark holds them."""
    said = [c for c, kind in df.dtypes if not kind.startswith("map")]
    values = [F.col(c) for c in said if not c.startswith(("_rule_", "_broken_"))]
    named = [F.col(c) for c in ("row_id", "_row_id") if c in df.columns]
    return [*named, F.xxhash64(*values)]


def _unique(df: DataFrame, rule: Rule, name: str, looked: str, *_: object) -> Flagged:
    """The first row of a key stays (by row_id, else by content), the others break the rule."""
    before = Window.partitionBy(*rule.columns).orderBy(*order_of(df))
    before = before.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return df, F.count_if(F.col(looked)).over(before) > 1


def _reference(
    df: DataFrame, rule: Rule, name: str, looked: str, own: str, read: Reader
) -> Flagged:
    assert rule.reference is not None
    table, *theirs = rule.reference
    # `where` says which rows have to be known, not which ones know them.
    known = df.where(f"{name}_alive") if table == own else read(table)
    if known is None:
        return df, F.lit(True)
    keys = [F.col(c).alias(f"{name}_{i}") for i, c in enumerate(theirs)]
    known = known.select(*keys).distinct().withColumn(f"{name}_known", F.lit(True))
    return _joined(df, known, rule.columns, name), F.col(f"{name}_known").isNull()


def _one_value(df: DataFrame, rule: Rule, name: str, looked: str, *_: object) -> Flagged:
    value = rule.columns[-1]
    group = Window.partitionBy(*rule.per)
    seen = F.when(F.col(looked), F.col(value))
    differ = F.min(seen).over(group) != F.max(seen).over(group)
    return df, F.col(value).isNotNull() & differ


def _group(df: DataFrame, rule: Rule, name: str, looked: str, *_: object) -> Flagged:
    return df, ~F.expr(_over_group(rule, rule.condition or "", looked))


def _preceded_by(
    df: DataFrame, rule: Rule, name: str, looked: str, own: str, read: Reader
) -> Flagged:
    assert rule.reference is not None
    table, *theirs = rule.reference
    time, wanted = rule.theirs or "", F.expr(rule.theirs_where or "true")
    late = F.col(rule.value or "").isNotNull()
    if table == own:
        first = F.min(F.when(wanted, F.expr(time))).over(Window.partitionBy(*rule.per))
        return df, late & ~F.coalesce(first <= F.col(rule.value or ""), F.lit(False))
    other = read(table)
    if other is None:
        return df, late
    keys = [F.col(c).alias(f"{name}_{i}") for i, c in enumerate(theirs)]
    firsts = other.where(wanted).groupBy(*keys).agg(F.min(F.expr(time)).alias(f"{name}_first"))
    came = F.col(f"{name}_first") <= F.col(rule.value or "")
    return _joined(df, firsts, rule.per, name), late & ~F.coalesce(came, F.lit(False))


def _reconcile(
    df: DataFrame, rule: Rule, name: str, looked: str, own: str, read: Reader
) -> Flagged:
    """Sums of nothing are 0 on either side."""
    assert rule.reference is not None
    table, *theirs = rule.reference
    other = read(table)
    ours = f"coalesce({_over_group(rule, rule.value or '', looked)}, 0)"
    if other is None:
        return df, ~F.expr(f"abs({ours}) <= {rule.threshold}")
    keys = [F.col(c).alias(f"{name}_{i}") for i, c in enumerate(theirs)]
    counted = other.where(F.expr(rule.theirs_where or "true")).groupBy(*keys)
    totals = counted.agg(F.expr(rule.theirs or "").alias(f"{name}_total"))
    df = _joined(df, totals, rule.per, name)
    return df, ~F.expr(f"abs({ours} - coalesce({name}_total, 0)) <= {rule.threshold}")


def _outlier(df: DataFrame, rule: Rule, name: str, looked: str, *_: object) -> Flagged:
    """Modified z-score (Iglewicz and Hoaglin 1993): |x - median| / (MAD / 0.6745) > threshold.

    Where the MAD is 0 the mean absolute deviation takes its place, as they propose; where that is
    0 too, all finite values are equal and nothing is judged. NaN is far from everything.
    """
    group = Window.partitionBy(*rule.per, looked)
    x = F.col(rule.value or "").cast("double")
    finite = F.when(F.abs(x) < float("inf"), x)
    df = df.withColumn(f"{name}_middle", F.percentile(finite, F.lit(0.5)).over(group))
    away = F.abs(x - F.col(f"{name}_middle"))
    near = F.abs(finite - F.col(f"{name}_middle"))
    spread = {
        f"{name}_mad": F.percentile(near, F.lit(0.5)).over(group),
        f"{name}_mean": F.avg(near).over(group),
        f"{name}_count": F.count(finite).over(group),
    }
    df = df.withColumns(spread)
    mad, mean = F.col(f"{name}_mad"), F.col(f"{name}_mean")
    scale = F.when(mad > 0, mad / _MAD).when(mean > 0, mean * _MEAN_DEVIATION)
    enough = F.col(f"{name}_count") >= rule.at_least
    return df, enough & (away > scale * F.lit(rule.threshold))


def _near_duplicate(df: DataFrame, rule: Rule, name: str, looked: str, *_: object) -> Flagged:
    order = F.struct(*(c.alias(f"o{i}") for i, c in enumerate(order_of(df))))
    df = df.withColumn(f"{name}_id", order)
    rows = df.where(looked).select(
        F.col(f"{name}_id").alias("id"),
        F.struct(F.lit(0), *rule.per).alias("group"),
        F.col(rule.value or "").alias("text"),
    )
    found = near_duplicates(rows, rule.threshold or 1.0)
    found = found.select(F.col("id").alias(f"{name}_found"))
    df = df.join(found, F.col(f"{name}_id") == F.col(f"{name}_found"), "left")
    return df, F.col(f"{name}_found").isNotNull()


_FLAGS: dict[str, Callable[..., Flagged]] = {
    "unique": _unique,
    "reference": _reference,
    "one_value": _one_value,
    "group": _group,
    "preceded_by": _preceded_by,
    "reconcile": _reconcile,
    "outlier": _outlier,
    "near_duplicate": _near_duplicate,
}


def _over_group(rule: Rule, aggregate: str, looked: str) -> str:
    """SQL of an aggregate over the rows of the group that the rule looks at."""
    keys = ", ".join(f"`{c}`" for c in (*rule.per, looked))
    return windowed(aggregate, keys)


def _joined(df: DataFrame, other: DataFrame, own: tuple[str, ...], name: str) -> DataFrame:
    """Left join on own columns = `<name>_0`, `<name>_1`, ...; `other` has each key once."""
    same = [F.col(c) == F.col(f"{name}_{i}") for i, c in enumerate(own)]
    return df.join(other, reduce(lambda a, b: a & b, same), "left")


def _all(columns: tuple[str, ...]) -> Column:
    tests = [F.col(c).isNotNull() for c in columns]
    return reduce(lambda a, b: a & b, tests, F.lit(True))
